"""A small GraphQL parser: one query with variables, aliases, fragments and directives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class GraphQLError(Exception):
    """A document that does not fit the schema or the grammar. code: as Shopify names it."""

    def __init__(self, message: str, code: str = "", **extensions: Any) -> None:
        super().__init__(message)
        self.extensions = {"code": code, **extensions} if code else {}


@dataclass(frozen=True)
class Selection:
    """One selected field, or a fragment (on_type set, name empty)."""

    name: str
    alias: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple["Selection", ...] = ()
    on_type: str = ""
    include_if: tuple[tuple[Any, bool], ...] = ()


@dataclass(frozen=True)
class Variable:
    """A reference to a variable inside arguments."""

    name: str


@dataclass(frozen=True)
class Operation:
    name: str
    selections: tuple[Selection, ...]
    defaults: Mapping[str, Any]
    required: frozenset[str]


_TOKEN = re.compile(
    r'[\s,\ufeff]+|#[^\n]*|(?P<spread>\.\.\.)|(?P<string>"""(?:[^"]|"(?!""))*"""|"(?:\\.|[^"\\])*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$()\[\]{}:=|@&])"
)


class _Parser:
    """Recursive descent over the tokens of one document."""

    def __init__(self, text: str) -> None:
        self.tokens = self._split(text)
        self.position = 0
        self.fragments: dict[str, tuple[str, tuple[Selection, ...]]] = {}

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise GraphQLError(f"syntax error, unexpected {text[position]!r}")
            if found.lastgroup:
                tokens.append(found[0])
            position = found.end()
        return tokens

    @property
    def next(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token != expected):
            raise GraphQLError(f"syntax error, unexpected {token or 'end of file'}, expected {expected or 'more'}")
        self.position += 1
        return token

    def accept(self, token: str) -> bool:
        if self.next == token:
            self.position += 1
            return True
        return False

    def document(self) -> list[Operation]:
        operations = []
        while self.next:
            if self.accept("fragment"):
                name = self.take()
                self.take("on")
                on_type = self.take()
                self.directives()
                self.fragments[name] = (on_type, self.selection_set())
            else:
                operations.append(self.operation())
        return operations

    def operation(self) -> Operation:
        name, defaults, required = "", {}, set()
        if self.next != "{":
            kind = self.take()
            if kind != "query":
                raise GraphQLError(f"The twin answers queries only, not a {kind}.")
            if self.next not in ("{", "("):
                name = self.take()
            if self.accept("("):
                while not self.accept(")"):
                    self.take("$")
                    variable = self.take()
                    self.take(":")
                    is_required = self.type_reference()
                    if self.accept("="):
                        defaults[variable] = self.value()
                    elif is_required:
                        required.add(variable)
        self.directives()
        return Operation(name, self.selection_set(), defaults, frozenset(required))

    def type_reference(self) -> bool:
        if self.accept("["):
            self.type_reference()
            self.take("]")
        else:
            self.take()
        return self.accept("!")

    def selection_set(self) -> tuple[Selection, ...]:
        self.take("{")
        found = []
        while not self.accept("}"):
            found.append(self.selection())
        return tuple(found)

    def selection(self) -> Selection:
        if self.accept("..."):
            if self.next == "on" or self.next in ("{", "@"):
                on_type = (self.take(), self.take())[1] if self.next == "on" else "*"
                conditions = self.directives()
                return Selection("", selections=self.selection_set(), on_type=on_type, include_if=conditions)
            spread = self.take()
            return Selection("", alias=spread, on_type="...", include_if=self.directives())
        name, alias = self.take(), ""
        if self.accept(":"):
            alias, name = name, self.take()
        arguments = self.arguments() if self.next == "(" else {}
        conditions = self.directives()
        inner = self.selection_set() if self.next == "{" else ()
        return Selection(name, alias or name, arguments, inner, include_if=conditions)

    def arguments(self) -> dict[str, Any]:
        self.take("(")
        found = {}
        while not self.accept(")"):
            name = self.take()
            self.take(":")
            found[name] = self.value()
        return found

    def directives(self) -> tuple[tuple[Any, bool], ...]:
        found = []
        while self.accept("@"):
            name = self.take()
            condition = self.arguments().get("if", True) if self.next == "(" else True
            found.append((condition, name != "skip"))
        return tuple(found)

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            items = []
            while not self.accept("]"):
                items.append(self.value())
            return items
        if token == "{":
            entries = {}
            while not self.accept("}"):
                name = self.take()
                self.take(":")
                entries[name] = self.value()
            return entries
        if token.startswith('"'):
            return token.strip('"').replace('\\"', '"')
        if token[0].isdigit() or token[0] == "-":
            return float(token) if any(c in token for c in ".eE") else int(token)
        return {"true": True, "false": False, "null": None}.get(token, token)


@dataclass(frozen=True)
class Document:
    """A parsed document with its fragments put in place."""

    operation: Operation

    @classmethod
    def parse(cls, text: str) -> "Document":
        parser = _Parser(text)
        operations = parser.document()
        if len(operations) != 1:
            raise GraphQLError("The twin runs documents of one operation.")
        [operation] = operations

        def placed(selections: Sequence[Selection]) -> tuple[Selection, ...]:
            return tuple(_place(selection) for selection in selections)

        def _place(selection: Selection) -> Selection:
            if selection.on_type == "...":
                if selection.alias not in parser.fragments:
                    raise GraphQLError(f"Fragment {selection.alias} was used, but not defined", "useAndDefineFragment")
                on_type, inner = parser.fragments[selection.alias]
                return Selection("", selections=placed(inner), on_type=on_type, include_if=selection.include_if)
            return Selection(
                selection.name, selection.alias, selection.arguments, placed(selection.selections), selection.on_type,
                selection.include_if,
            )  # fmt: skip

        return cls(Operation(operation.name, placed(operation.selections), operation.defaults, operation.required))

    def bind(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables with defaults. Errors: GraphQLError for a required one that is missing."""
        bound = {**self.operation.defaults, **variables}
        for name in self.operation.required:
            if bound.get(name) is None:
                raise GraphQLError(
                    f"Variable ${name} of a required type was provided invalid value", "INVALID_VARIABLE"
                )
        return bound
