"""Every tool by its name: found in tools/library, described as JSON Schema, called with arguments that are checked."""

import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from roastery.tools import library
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.errors import BadArguments, UnknownTool
from roastery.warehouse.errors import nearest

AnyTool = Tool[Any]


class Registry(Mapping[str, AnyTool]):
    """Tools by name, in alphabetical order; the library is imported at the first look."""

    def __init__(self) -> None:
        self._found: dict[str, AnyTool] | None = None

    @property
    def _tools(self) -> dict[str, AnyTool]:
        if self._found is None:
            self._found = _scan()
        return self._found

    def __getitem__(self, name: str) -> AnyTool:
        if name not in self._tools:
            raise UnknownTool(name, self._tools)
        return self._tools[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)


TOOLS = Registry()


def _scan() -> dict[str, AnyTool]:
    """One instance of every Tool subclass that a module of tools/library defines itself."""
    found: dict[str, AnyTool] = {}
    for module_info in pkgutil.iter_modules(library.__path__):
        module = importlib.import_module(f"{library.__name__}.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Tool) and value.__module__ == module.__name__:
                tool = value()
                if tool.name in found:
                    raise TypeError(f"Two tools are called '{tool.name}'.")
                found[tool.name] = tool
    return dict(sorted(found.items()))


def schemas() -> list[dict[str, Any]]:
    """What a model or a caller needs to know of every tool: {name, description, parameters: JSON Schema}."""
    return [schema(tool) for tool in TOOLS.values()]


def schema(tool: AnyTool) -> dict[str, Any]:
    """One tool's {name, description, parameters: JSON Schema of its arguments}."""
    return {"name": tool.name, "description": tool.description, "parameters": _parameters(tool.arguments)}


_SCHEMAS: dict[type[BaseModel], dict[str, Any]] = {}


def _parameters(arguments: type[BaseModel]) -> dict[str, Any]:
    """Made once: it takes milliseconds, and every question describes every tool to the model."""
    if arguments not in _SCHEMAS:
        _SCHEMAS[arguments] = arguments.model_json_schema()
    return _SCHEMAS[arguments]


def run(name: str, raw_arguments: Mapping[str, Any] | str, context: ToolContext, *, keep: bool = True) -> ToolResult:
    """Check the arguments, run the tool, keep its receipt.

    raw_arguments: a mapping, or JSON text of an object (read strictly). keep=False leaves no receipt (reruns).
    Errors: UnknownTool, BadArguments, and whatever sentence the tool itself raises.
    """
    tool = TOOLS[name]
    result = tool.run(context, read_arguments(tool, raw_arguments))
    if keep and result.receipt is not None:
        context.ledger.keep(result.receipt)
    return result


def read_arguments(tool: AnyTool, raw_arguments: Mapping[str, Any] | str) -> BaseModel:
    """The tool's typed arguments, or BadArguments with a sentence for each fault."""
    if isinstance(raw_arguments, str):
        raw_arguments = _read_json(tool, raw_arguments)
    if not isinstance(raw_arguments, Mapping):
        raise BadArguments(tool.name, ["the arguments are a JSON object."])
    try:
        arguments = tool.arguments.model_validate(dict(raw_arguments))
    except ValidationError as error:
        raise _bad_arguments(tool, error) from None
    assert isinstance(arguments, BaseModel)
    return arguments


def _read_json(tool: AnyTool, text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise BadArguments(tool.name, [f"the arguments are not valid JSON ({error})."]) from None
    if not isinstance(value, Mapping):
        raise BadArguments(tool.name, ["the arguments are a JSON object."])
    return value


def _bad_arguments(tool: AnyTool, error: ValidationError) -> BadArguments:
    sentences: dict[str, None] = {}
    hint: str | None = None
    for fault in error.errors(include_url=False, include_context=False):
        where = [str(part) for part in fault["loc"]]
        path = ".".join(part for part in where if not part.startswith("function-")) or "the arguments"
        if fault["type"] == "extra_forbidden":
            known = _siblings(tool.arguments, where)
            near = nearest(where[-1], known)
            hint = hint or near
            tail = f" Did you mean '{near}'?" if near else f" Known: {', '.join(known)}." if known else ""
            sentences[f"Unknown argument '{path}'.{tail}"] = None
        elif fault["type"] == "missing":
            sentences[f"'{path}' is missing."] = None
        else:
            sentences[f"'{path}': {_plain(fault['msg'])}."] = None
    return BadArguments(tool.name, list(sentences)[:8], did_you_mean=hint)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")


def _siblings(model: type[BaseModel], where: list[str]) -> list[str]:
    """Names that are allowed where an unknown one stood; [] where the place is not a model's field."""
    properties: dict[str, Any] = model.model_json_schema()
    definitions = properties.get("$defs", {})
    node: Any = properties
    for part in where[:-1]:
        node = _descend(node, part, definitions)
    return sorted(_deref(node, definitions).get("properties", {}))


def _descend(node: Any, part: str, definitions: dict[str, Any]) -> Any:
    node = _deref(node, definitions)
    if part.isdigit():
        return node.get("items", {})
    return node.get("properties", {}).get(part, node)


def _deref(node: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow $ref and the first object of an anyOf (an optional model)."""
    while isinstance(node, dict) and ("$ref" in node or "anyOf" in node):
        if "$ref" in node:
            node = definitions.get(node["$ref"].rsplit("/", 1)[-1], {})
        else:
            node = next((n for n in node["anyOf"] if "$ref" in n or n.get("type") in ("object", "array")), {})
    return node if isinstance(node, dict) else {}
