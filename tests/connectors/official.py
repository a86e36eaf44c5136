"""A provider's own OpenAPI or Swagger document, and whether an exchange is as it says."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from roastery.connectors.http import HttpClient

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
DOCUMENT = "urn:document"


@dataclass(frozen=True)
class Exchange:
    """One request of a source and its answer. query: every parameter, decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    answer: Any


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Every good exchange from now on."""
    found: list[Exchange] = []
    whole = HttpClient._read

    def read(client: HttpClient, method: str, path: str, **parts: Any) -> Any:
        answer = whole(client, method, path, **parts)
        address = urlsplit(path)
        query = {**dict(parse_qsl(address.query, keep_blank_values=True)), **(parts.get("params") or {})}
        if "form" not in parts or parts["form"] is None:
            found.append(Exchange(method, f"/{address.path.lstrip('/')}", query, parts.get("body"), answer))
        return answer

    monkeypatch.setattr(HttpClient, "_read", read)
    return found


@cache
def document(*parts: str) -> Any:
    """A document with `nullable` said as JSON Schema says it."""
    text = SPECS.joinpath(*parts).read_text(encoding="utf-8")
    loaded = json.loads(text) if parts[-1].endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)
    return _nullable(loaded)


def _nullable(node: Any) -> Any:
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    whole = {str(name): _nullable(value) for name, value in node.items()}
    if whole.get("nullable") is True or whole.get("x-nullable") is True:
        return {"anyOf": [{"type": "null"}, {k: v for k, v in whole.items() if k not in ("nullable", "x-nullable")}]}
    return whole


class Official:
    """One document. base: what stands before its paths in our requests. skipped: parameters that it tells wrongly.

    Where alternatives of the document overlap, a value that fits several of them is none of ours.
    """

    def __init__(self, *parts: str, base: str = "", skipped: tuple[str, ...] = ()) -> None:
        self.whole, self.base, self.skipped = document(*parts), base, skipped
        self.registry = Registry().with_resource(DOCUMENT, Resource(contents=self.whole, specification=DRAFT4))

    def faults(self, exchange: Exchange) -> Iterator[str]:
        """What is not as the document says."""
        template = self._template(exchange.path)
        if template is None:
            yield f"{exchange.path} is not in the document"
            return
        operation = self.whole["paths"][template].get(exchange.method.lower())
        if operation is None:
            yield f"{exchange.method} {template} is not in the document"
            return
        shared = self.whole["paths"][template].get("parameters", [])
        yield from self._query(exchange, [self._resolved(p) for p in [*shared, *operation.get("parameters", [])]])
        place = ["paths", template, exchange.method.lower()]
        if exchange.body is not None:
            yield from self._body(exchange.body, operation, place)
        answer = operation["responses"].get("200") or operation["responses"].get("default")
        schema = self._schema(self._resolved(answer))
        yield from self._invalid("answer", exchange.answer, schema)

    def _template(self, path: str) -> str | None:
        """The path's own template; a part may hold a slash only where nothing fits otherwise."""
        wanted = path.removeprefix(self.base)
        for part in ("[^/]+", ".+"):
            patterns = {t: re.sub(r"\\\{[^}]*\\\}", part, re.escape(t)) for t in self.whole["paths"]}
            fitting = [template for template, pattern in patterns.items() if re.fullmatch(pattern, wanted)]
            if fitting:
                return min(fitting, key=lambda t: (t.count("{"), -len(t)))
        return None

    def _query(self, exchange: Exchange, parameters: list[Any]) -> Iterator[str]:
        declared = {p["name"]: p for p in parameters if p["in"] == "query"}
        for name, value in exchange.query.items():
            if name in self.skipped:
                continue
            if name not in declared:
                yield f"parameter {name} of {exchange.path} is not in the document"
                continue
            told = declared[name]
            if "content" in told:
                schema = next(iter(told["content"].values()))["schema"]
                yield from self._invalid(f"parameter {name}", json.loads(value), schema)
            else:
                schema = told.get("schema", told)
                yield from self._invalid(f"parameter {name}", _typed(value, schema), _plain(schema))
        missing = [n for n, p in declared.items() if p.get("required") is True and n not in exchange.query]
        yield from (f"parameter {n} of {exchange.path} is missing" for n in missing if n not in self.skipped)

    def _body(self, body: Any, operation: Any, place: list[str]) -> Iterator[str]:
        content = self._resolved(operation["requestBody"])["content"]
        yield from self._invalid("request", body, next(iter(content.values()))["schema"])

    def _schema(self, answer: Any) -> Any:
        if "schema" in answer:
            return answer["schema"]
        return next(iter(answer["content"].values()))["schema"]

    def _resolved(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            place = node["$ref"].split("/")[1:]
            node = self.whole
            for step in place:
                node = node[step.replace("~1", "/").replace("~0", "~")]
        return node

    def _invalid(self, what: str, value: Any, schema: Any) -> Iterator[str]:
        text = json.dumps(schema).replace('"$ref": "#/', f'"$ref": "{DOCUMENT}#/')
        validator = Draft4Validator(json.loads(text), registry=self.registry)
        for error in validator.iter_errors(value):
            if "is valid under each of" in error.message:
                continue
            yield f"{what} at {list(error.absolute_path)}: {error.message[:300]}"


def _plain(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of a parameter's schema that say something of one value; a list is told with commas."""
    if schema.get("type") == "array" or "comma" in str(schema.get("description", "")):
        return {}
    return {name: schema[name] for name in ("type", "enum", "minimum", "maximum", "pattern", "anyOf") if name in schema}


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    kinds = {schema.get("type"), *(part.get("type") for part in schema.get("anyOf", ()) if isinstance(part, dict))}
    if kinds & {"integer", "number"} and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    return value
