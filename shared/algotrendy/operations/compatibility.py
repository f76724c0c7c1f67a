"""Find what in a new OpenAPI document breaks clients of an old one.

A client sends what the old document allows, and understands what it describes. So a request may
only be asked less of, and an answer may only promise more. Answers may have new fields, and new
words where a word comes from a list: clients are told to bear both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self

from algotrendy.operations.openapi_schemas import Json, operations_of
from algotrendy.operations.schema_changes import Change, Schemas, Way

_SHORTEST_REASON = 20
_GOOD = "2"


@dataclass(frozen=True, slots=True)
class Declaration:
    """Says that a breaking change is meant, and why; ``where`` may hold the wildcard *."""

    kind: str
    where: str
    reason: str

    def covers(self, change: Change) -> bool:
        """Say whether this is the change that is meant."""
        return self.kind == change.kind and fnmatchcase(change.where, self.where)


@dataclass(frozen=True, slots=True)
class Declared:
    """Holds the breaking changes that are meant."""

    declarations: tuple[Declaration, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """Read them from TOML: tables ``[[change]]`` with kind, where and reason.

        Raises:
            ValueError: If one has another form, or no reason that deserves the name.
        """
        found = []
        for number, table in enumerate(tomllib.loads(text).get("change", []), 1):
            if set(table) != {"kind", "where", "reason"}:
                raise ValueError(f"change {number} must have kind, where and reason alone")
            if len(str(table["reason"]).strip()) < _SHORTEST_REASON:
                raise ValueError(f"change {number} must say its reason in a sentence")
            found.append(Declaration(**{name: str(value) for name, value in table.items()}))
        return cls(tuple(found))

    def undeclared(self, changes: Sequence[Change]) -> list[Change]:
        """Give the changes that nobody has declared."""
        return [each for each in changes if not any(d.covers(each) for d in self.declarations)]

    def unused(self, changes: Sequence[Change]) -> list[Declaration]:
        """Give the declarations of changes that are not there."""
        return [d for d in self.declarations if not any(d.covers(each) for each in changes)]


def breaking_changes(old: Json, new: Json) -> list[Change]:
    """Give what breaks clients, in the order of the old document's paths."""
    schemas = Schemas(old, new)
    present = {(method, path): operation for method, path, operation in operations_of(new)}
    found: list[Change] = []
    for method, path, operation in operations_of(old):
        where = f"{method} {path}"
        there = present.get((method, path))
        if there is None:
            found.append(Change("route-removed", where, "is gone"))
        else:
            found += _Operation(where, operation, there, schemas).changes()
    found += schemas.of_components()
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Operation:
    where: str
    old: Json
    new: Json
    schemas: Schemas

    def changes(self) -> Iterator[Change]:
        yield from self._of_name_and_access()
        yield from self._of_parameters()
        yield from self._of_body()
        yield from self._of_answers()

    def _of_name_and_access(self) -> Iterator[Change]:
        old, new = self.old["operationId"], self.new["operationId"]
        if old != new:
            yield self._change("operation-renamed", f"was {old}, is {new}")
        if self.old.get("security") == [] and self.new.get("security") != []:
            yield self._change("access-narrowed", "was open to anybody")
        if self.new.get("x-fresh-sign-in") and not self.old.get("x-fresh-sign-in"):
            yield self._change("access-narrowed", "needs a fresh sign-in")
        held, needed = self.old.get("x-permission"), self.new.get("x-permission")
        if needed is not None and held is not None and needed != held:
            yield self._change("access-narrowed", f"needed {held}, needs {needed}")

    def _of_parameters(self) -> Iterator[Change]:
        old, new = _parameters(self.old), _parameters(self.new)
        for key, parameter in new.items():
            was_needed = key in old and old[key].get("required", False)
            if parameter.get("required", False) and not was_needed:
                yield self._change("parameter-required", "must be there now", _named(key))
        for key, parameter in old.items():
            if key not in new:
                yield self._change("parameter-removed", "is gone", _named(key))
            else:
                schemas = parameter["schema"], new[key]["schema"]
                yield from self.schemas.compare(
                    *schemas, Way.REQUEST, f"{self.where} {_named(key)}"
                )

    def _of_body(self) -> Iterator[Change]:
        old, new = self.old.get("requestBody"), self.new.get("requestBody")
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield self._change("body-required", "must be there now", "request")
        if old is None:
            return
        if new is None:
            yield self._change("body-removed", "is gone", "request")
            return
        yield from self._of_media(old, new, Way.REQUEST, "request")

    def _of_answers(self) -> Iterator[Change]:
        for status, answer in self.old["responses"].items():
            if not status.startswith(_GOOD):
                continue
            there = self.new["responses"].get(status)
            if there is None:
                yield self._change("answer-removed", "is not answered any more", status)
                continue
            yield from self._of_media(answer, there, Way.ANSWER, status)
            for name in answer.get("headers", {}):
                if name not in there.get("headers", {}):
                    yield self._change("header-removed", "is gone", f"{status} {name}")

    def _of_media(self, old: Json, new: Json, way: Way, part: str) -> Iterator[Change]:
        for media_type, media in old.get("content", {}).items():
            there = new.get("content", {}).get(media_type)
            if there is None:
                yield self._change("media-type-removed", f"{media_type} is gone", part)
                continue
            schemas = media.get("schema", {}), there.get("schema", {})
            yield from self.schemas.compare(*schemas, way, f"{self.where} {part}")

    def _change(self, kind: str, what: str, part: str = "") -> Change:
        return Change(kind, f"{self.where} {part}".rstrip(), what)


def _parameters(operation: Json) -> dict[tuple[str, str], Any]:
    return {(each["in"], each["name"].lower()): each for each in operation.get("parameters", [])}


def _named(key: tuple[str, str]) -> str:
    place, name = key
    return f"{place} {name}"
