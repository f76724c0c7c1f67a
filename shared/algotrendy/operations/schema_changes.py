"""Compare two JSON Schemas by what may be sent under them, or by what must be understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from algotrendy.operations.openapi_schemas import SCHEMAS, Json, schema_of

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_NULL: Json = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Change:
    """Is one thing that breaks clients: of which kind, where, and what it is."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        """Read as a line of a report."""
        return f"{self.kind}: {self.where}: {self.what}"


class Way(StrEnum):
    """Which way a value goes, from the client's side."""

    REQUEST = "request"
    ANSWER = "answer"


class Schemas:
    """Compares schemas of two documents; each pair of named schemas once for each way.

    Args:
        old: The document that clients know.
        new: The document that they will meet.
    """

    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new
        self._pairs: dict[tuple[str, str, Way], None] = {}

    def of_components(self) -> Iterator[Change]:
        """Give the changes of every named schema that a comparison has met."""
        done: set[tuple[str, str, Way]] = set()
        while todo := [pair for pair in self._pairs if pair not in done]:
            for pair in todo:
                done.add(pair)
                old, new, way = pair
                schemas = (
                    self._old["components"]["schemas"][old],
                    self._new["components"]["schemas"][new],
                )
                yield from self.compare(*schemas, way, f"{old} ({way})")

    def compare(self, old: Json, new: Json, way: Way, where: str) -> list[Change]:
        """Give what breaks a client that knows the old schema and meets the new one."""
        found = _of_default(old, new, way, where)
        names = _name(old), _name(new)
        if names[0] and names[1]:
            # The named schemas are compared for themselves, and told of once.
            self._pairs[names[0], names[1], way] = None
            return found
        olds, news = _alternatives(self._old, old), _alternatives(self._new, new)
        pairs: list[tuple[Json | None, Json | None]]
        # What is sent must be taken by one of the new; what comes must be one of the old.
        if way is Way.REQUEST:
            pairs = [(mine, self._nearest(mine, news, way, where)) for mine in olds]
        else:
            pairs = [(self._nearest(theirs, olds, way, where), theirs) for theirs in news]
        for mine, theirs in pairs:
            if mine is not None and theirs is not None:
                found += self._of_one(mine, theirs, way, where)
            else:
                found.append(_lost(mine, theirs, way, where))
        return found

    def _nearest(self, one: Json, others: list[Json], way: Way, where: str) -> Json | None:
        fitting = [other for other in others if self._is_of_kind(one, other, way)]
        same = [other for other in fitting if _name(other) and _name(other) == _name(one)]
        if len(same or fitting) == 1:
            return (same or fitting)[0]
        # Tried out apart: what does not come to be chosen is not to be told of.
        trial = Schemas(self._old, self._new)

        def distance(other: Json) -> int:
            pair = (one, other) if way is Way.REQUEST else (other, one)
            return len(trial._of_one(*pair, way, where))

        return min(same or fitting, key=distance, default=None)

    def _is_of_kind(self, one: Json, other: Json, way: Way) -> bool:
        own, known = (self._old, self._new) if way is Way.REQUEST else (self._new, self._old)
        kind = _kind(schema_of(own, one))
        wide = _kind(schema_of(known, other))
        return wide in {kind, ""} or (kind == "integer" and wide == "number")

    def _of_one(self, old: Json, new: Json, way: Way, where: str) -> list[Change]:
        if _name(old) and _name(new):
            return self.compare(old, new, way, where)
        old, new = schema_of(self._old, old), schema_of(self._new, new)
        found = _of_words(old, new, way, where)
        if way is Way.REQUEST:
            found += _of_bounds(old, new, where)
        stricter = new if way is Way.REQUEST else old
        if "format" in stricter and old.get("format") != new.get("format"):
            what = f"was {old.get('format', 'any')}, is {new.get('format', 'any')}"
            found.append(Change("format-changed", where, what))
        if "items" in old or "items" in new:
            inner = old.get("items", {}), new.get("items", {})
            found += self.compare(*inner, way, f"{where}[]")
        return found + self._of_fields(old, new, way, where)

    def _of_fields(self, old: Json, new: Json, way: Way, where: str) -> list[Change]:
        found: list[Change] = []
        olds, news = old.get("properties", {}), new.get("properties", {})
        was_needed, is_needed = set(old.get("required", ())), set(new.get("required", ()))
        if way is Way.REQUEST:
            found += [
                Change("field-required", f"{where}.{name}", "must be there now")
                for name in sorted(is_needed - was_needed)
            ]
        else:
            found += [
                Change("field-optional", f"{where}.{name}", "may be missing now")
                for name in sorted((was_needed - is_needed) & news.keys())
            ]
        for name, schema in olds.items():
            if name in news:
                found += self.compare(schema, news[name], way, f"{where}.{name}")
            else:
                found.append(Change("field-removed", f"{where}.{name}", "is gone"))
        return found + self._of_other_fields(old, new, way, where)

    def _of_other_fields(self, old: Json, new: Json, way: Way, where: str) -> list[Change]:
        if _kind(old) != "object" or _kind(new) != "object":
            return []
        olds = old.get("additionalProperties", True)
        news = new.get("additionalProperties", True)
        if way is Way.REQUEST and news is False and olds is not False:
            return [Change("object-closed", where, "takes no other fields any more")]
        if isinstance(olds, dict) and isinstance(news, dict):
            return self.compare(olds, news, way, f"{where}.*")
        if way is Way.REQUEST and isinstance(news, dict) and olds is True:
            return [Change("type-narrowed", f"{where}.*", "may not be anything any more")]
        if way is Way.ANSWER and isinstance(olds, dict) and news is True:
            return [Change("type-widened", f"{where}.*", "may be anything now")]
        return []


def _name(schema: Json) -> str:
    return str(schema.get("$ref", "")).removeprefix(SCHEMAS)


def _kind(schema: Json) -> str:
    """Give the type of a schema without alternatives; none stands for any."""
    if "type" in schema:
        return str(schema["type"])
    if "properties" in schema:
        return "object"
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return "string" if values and all(isinstance(value, str) for value in values) else ""


def _alternatives(document: Json, schema: Json) -> list[Json]:
    """Give what a schema may be, one by one; a named schema of alternatives is opened."""
    whole = schema_of(document, schema)
    for word in ("anyOf", "oneOf"):
        if word in whole:
            return [each for one in whole[word] for each in _alternatives(document, one)]
    if isinstance(whole.get("type"), list):
        return [_NULL if kind == "null" else {**whole, "type": kind} for kind in whole["type"]]
    if len(whole.get("allOf", ())) == 1:
        return _alternatives(document, whole["allOf"][0])
    return [schema]


def _lost(old: Json | None, new: Json | None, way: Way, where: str) -> Change:
    if way is Way.REQUEST:
        return Change("type-narrowed", where, f"may not be {_shown(old)} any more")
    return Change("type-widened", where, f"may be {_shown(new)} now")


def _shown(schema: Json | None) -> str:
    schema = schema or {}
    return _name(schema) or _kind(schema) or "anything"


def _of_default(old: Json, new: Json, way: Way, where: str) -> list[Change]:
    if way is Way.ANSWER or "default" not in old or "default" not in new:
        return []
    if old["default"] == new["default"]:
        return []
    what = f"was {json.dumps(old['default'])}, is {json.dumps(new['default'])}"
    return [Change("default-changed", where, what)]


def _words(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return found if isinstance(found, list) else None


def _of_words(old: Json, new: Json, way: Way, where: str) -> list[Change]:
    olds, news = _words(old), _words(new)
    if news is None:
        return []
    if olds is None:
        one_of = ", ".join(map(str, news))
        what = f"may only be one of {one_of} now"
        return [Change("type-narrowed", where, what)] if way is Way.REQUEST else []
    return [
        Change("word-removed", where, f"{json.dumps(word)} is gone")
        for word in olds
        if word not in news
    ]


def _of_bounds(old: Json, new: Json, where: str) -> list[Change]:
    found = []
    for name in (*_LOWER, *_UPPER):
        was, now = old.get(name), new.get(name)
        if now is not None and (was is None or (now > was if name in _LOWER else now < was)):
            found.append(Change("bound-tightened", where, f"{name} was {was}, is {now}"))
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        what = f"pattern was {old.get('pattern', 'none')}, is {new['pattern']}"
        found.append(Change("bound-tightened", where, what))
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        found.append(Change("bound-tightened", where, "may not hold a value twice any more"))
    return found
