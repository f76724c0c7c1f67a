"""Say what happened, in a form that outlives the process that said it.

A capability subclasses ``Event`` in its ``events.py`` and gives ``name`` and ``version``::

    class SweepFailed(Event):
        name = "SweepFailed"
        version = 1

        sweep_id: SweepId
        reason: str

On the wire an event is an envelope: what every consumer needs, and a payload beside it. Name and
version fix the payload's fields exactly; any change to them is a new version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import CorrelationId, EventId, TenantId

UtcTime = Annotated[AwareDatetime, AfterValidator(as_utc)]

TraceParentText = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
]
"""Names a span of a trace, as W3C Trace Context has it."""

_registry: dict[tuple[str, int], type[Event]] = {}


def _require_uuid7(identifier: EventId) -> EventId:
    if identifier.version != 7:
        raise ValueError("Input should be a UUIDv7")
    return identifier


class Event(BaseModel):
    """The base of every domain event: a fact in the past, immutable, of one tenant.

    ``traceparent`` is the trace that whoever hears of it goes on with. It is no part of the fact,
    and absent where nobody followed the request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    version: ClassVar[int]

    id: Annotated[EventId, AfterValidator(_require_uuid7)]
    occurred_at: UtcTime
    correlation_id: CorrelationId
    tenant: TenantId
    traceparent: TraceParentText | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register the event under its name and version, unless it is itself only a base."""
        super().__pydantic_init_subclass__(**kwargs)
        if "name" not in cls.__dict__ and "version" not in cls.__dict__:
            return
        key = (cls.name, cls.version)
        taken = _registry.get(key)
        if taken is not None and (taken.__module__, taken.__qualname__) != (
            cls.__module__,
            cls.__qualname__,
        ):
            raise TypeError(f"event {cls.name} v{cls.version} is already {taken.__module__}")
        _registry[key] = cls

    def envelope(self) -> dict[str, Any]:
        """Give the event as JSON values: decimals and ids are strings, times ISO 8601 in UTC."""
        whole = self.model_dump(mode="json")
        head = {field: whole.pop(field) for field in _HEAD}
        if self.traceparent is None:
            del head["traceparent"]
        return {"name": self.name, "version": self.version, **head, "payload": whole}

    @classmethod
    def envelope_schema(cls) -> dict[str, Any]:
        """Give the JSON schema (2020-12) of the envelope."""
        whole = cls.model_json_schema(mode="serialization")
        properties: dict[str, Any] = whole["properties"]
        head = {field: properties.pop(field) for field in _HEAD}
        payload: dict[str, Any] = {
            "type": "object",
            "properties": properties,
            "required": [field for field in whole["required"] if field not in _HEAD],
            "additionalProperties": False,
        }
        found: dict[str, Any] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"{cls.name} v{cls.version}",
            "type": "object",
            "properties": {
                "name": {"const": cls.name},
                "version": {"const": cls.version},
                **head,
                "payload": payload,
            },
            "required": ["name", "version", *_REQUIRED, "payload"],
            "additionalProperties": False,
        }
        if "description" in whole:
            found["description"] = whole["description"]
        if "$defs" in whole:
            found["$defs"] = whole["$defs"]
        return found


_HEAD = tuple(Event.model_fields)
_REQUIRED = tuple(name for name, field in Event.model_fields.items() if field.is_required())


def registered() -> Iterator[type[Event]]:
    """Go through the known events, by name and version."""
    for key in sorted(_registry):
        yield _registry[key]


def parse(envelope: Mapping[str, Any]) -> Event:
    """Read an event from its envelope.

    Raises:
        Invalid: If it is no envelope, of an unknown name or version, or a field is wrong, which
            the error names as ``payload.reason``.
    """
    name, version = envelope.get("name"), envelope.get("version")
    if not isinstance(name, str) or type(version) is not int:
        raise Invalid("name", "the name of an event, with an integer version", (name, version))
    kind = _registry.get((name, version))
    if kind is None:
        known = ", ".join(f"{event.name} v{event.version}" for event in registered()) or "none"
        raise Invalid("name", f"a known event and version ({known})", f"{name} v{version}")
    payload = envelope.get("payload")
    if not isinstance(payload, Mapping):
        raise Invalid("payload", "an object", payload)
    if stray := sorted(envelope.keys() - {"name", "version", "payload", *_HEAD}):
        raise Invalid(str(stray[0]), "absent", envelope[stray[0]])
    if repeated := sorted(payload.keys() & set(_HEAD)):
        raise Invalid(f"payload.{repeated[0]}", "absent", payload[repeated[0]])
    head = {field: envelope[field] for field in _HEAD if field in envelope}
    try:
        return kind.model_validate({**head, **payload})
    except ValidationError as error:
        raise _named(error) from error


def _named(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_context=False)[0]
    path = [str(part) for part in first["loc"]]
    if path and path[0] not in _HEAD:
        path.insert(0, "payload")
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    missing = first["type"] == "missing"
    return Invalid(
        ".".join(path), "present" if missing else expected, None if missing else first["input"]
    )


def schema_texts(kinds: Iterable[type[Event]]) -> dict[str, str]:
    """Give each event's schema as the text of a file, by the name of the file."""
    return {
        f"{kind.name}.v{kind.version}.json": json.dumps(kind.envelope_schema(), indent=2) + "\n"
        for kind in kinds
    }
