"""Runs a parsed query over resolvers given as a table.

A document is compiled to closures, and what they give is written in one go: a shop's history is some hundred megabytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from roastery.evals.twins.graphql import GraphQLError, Selection, Variable

Arguments = Mapping[str, Any]
Resolver = Callable[..., Any]
"""Takes the object, and its arguments where the field is declared to take some."""


@dataclass(frozen=True)
class Field:
    """How a field is had from its object. of: the type of its value, '' for a scalar; a list is a list by its value.

    key: values with the same key read the same, so that they are written once a page; None for values that are alone.
    """

    resolve: Resolver
    of: str = ""
    takes: frozenset[str] = frozenset()
    key: Callable[[Any], Any] | None = None


Schema = Mapping[str, Mapping[str, Field]]
Writer = Callable[[Any], Any]


class Compiler:
    """Turns selections into closures for one document and its variables."""

    def __init__(self, schema: Schema, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables

    def write(self, on: str, selections: Sequence[Selection]) -> Writer:
        """A function from an object of type `on` to what orjson writes of it."""
        parts = [(s.alias, self._field(of, s)) for of, s in self._flat(on, selections)]
        return lambda owner: {name: write(owner) for name, write in parts}

    def _flat(self, on: str, selections: Sequence[Selection]) -> list[tuple[str, Selection]]:
        """Fields with the type that they are read from: fragments put in place, those left out by directives gone."""
        found: list[tuple[str, Selection]] = []
        for selection in selections:
            if any(bool(self._value(condition)) != wanted for condition, wanted in selection.include_if):
                continue
            if not selection.on_type:
                found.append((on, selection))
            elif selection.on_type in (on, "*", *INTERFACES.get(on, ())):
                found += self._flat(on, selection.selections)
            elif selection.on_type == CONCRETE.get(on):
                found += self._flat(selection.on_type, selection.selections)
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self._variables.get(value.name)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {name: self._value(item) for name, item in value.items()}
        return value

    def _field(self, on: str, selection: Selection) -> Writer:
        if selection.name == "__typename":
            return lambda owner: CONCRETE.get(on, on)
        known = self._schema[on].get(selection.name)
        if known is None:
            said = f"Field '{selection.name}' doesn't exist on type '{on}'"
            raise GraphQLError(said, "undefinedField", typeName=on, fieldName=selection.name)
        arguments = {name: self._value(value) for name, value in selection.arguments.items()}
        for name in arguments:
            if name not in known.takes:
                raise GraphQLError(f"Field '{selection.name}' doesn't accept argument '{name}'", "argumentNotAccepted")
        if bool(selection.selections) != bool(known.of):
            said = "Field must have selections" if known.of else "Selections can't be made on scalars"
            raise GraphQLError(f"{said} (field '{selection.name}')", "selectionMismatch")
        get = (lambda owner: known.resolve(owner, arguments)) if known.takes else known.resolve
        if not known.of:
            return get
        inner = self.write(known.of, selection.selections)
        return _once(get, inner, known.key) if known.key else _each(get, inner)


def _each(get: Callable[[Any], Any], inner: Writer) -> Writer:
    def follow(owner: Any) -> Any:
        value = get(owner)
        if value is None:
            return None
        return [inner(item) for item in value] if isinstance(value, list) else inner(value)

    return follow


def _once(get: Callable[[Any], Any], inner: Writer, key_of: Callable[[Any], Any]) -> Writer:
    """Write each value once and remember its text by its key."""
    written: dict[Any, orjson.Fragment] = {}

    def follow(owner: Any) -> Any:
        value = get(owner)
        if value is None:
            return None
        key = key_of(value)
        if key is None:
            return inner(value)
        text = written.get(key)
        if text is None:
            text = written[key] = orjson.Fragment(orjson.dumps(inner(value)))
        return text

    return follow


INTERFACES = {"CustomerVisit": ("CustomerMoment", "Node")}
"""Other names under which a fragment reaches a type."""
CONCRETE = {"CustomerMoment": "CustomerVisit"}
"""What an interface's objects always are here; its other fields are reached by a fragment."""


def cost(schema: Schema, on: str, selections: Sequence[Selection], variables: Mapping[str, Any]) -> float:
    """A cost in the manner of Shopify's: one a field with fields of its own, more for long lists.

    The true formula is not published in full; this one grows with the logarithm of the page.
    """
    whole = 0.0
    for selection in selections:
        if selection.on_type:
            whole += cost(
                schema, on if selection.on_type == "*" else selection.on_type, selection.selections, variables
            )
            continue
        known = schema.get(on, {}).get(selection.name)
        if known is None or not known.of:
            continue
        first = selection.arguments.get("first", 1)
        first = variables.get(first.name, 1) if isinstance(first, Variable) else first
        inner = cost(schema, known.of, selection.selections, variables)
        times = max(int(first or 1), 1).bit_length() if "first" in known.takes else 1
        whole += (0.1 if known.of in ("MoneyBag", "MoneyV2", "PageInfo") else 1.0) + inner * times
    return whole
