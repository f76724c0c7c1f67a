"""Read the flags and limits that change without a deploy, from AppConfig.

What is stored there is a small JSON document with only what differs from the defaults of the stage:
``{"rate_limits": {"read": {"burst": 500}}}``. Each process keeps what it read for ``TTL_S``, and
the last good copy for as long as nothing better comes: a document that is no good, or AppConfig
that does not answer, changes nothing. Where nothing was ever read the defaults hold; whoever must
not act on defaults asks ``known_flags``.
"""

from __future__ import annotations

import copy
import functools
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from algotrendy.kernel.errors import Invalid, JsonValue, NotFound, Unavailable
from algotrendy.kernel.wording import expected_of

TTL_S = 30.0
# After a failure: a store that is down costs one request in so many seconds a short wait.
RETRY_S = 10.0

LimitClass = Literal["read", "research", "trade", "admin", "public", "failures"]
LIMIT_CLASSES: tuple[LimitClass, ...] = get_args(LimitClass)


class RateLimit(BaseModel):
    """Say how many requests of a class one caller may send.

    Attributes:
        rate_per_s: How many a second for ever.
        burst: How many at once, after a silence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rate_per_s: Annotated[float, Field(ge=0.01, le=100_000, allow_inf_nan=False)]
    burst: Annotated[int, Field(ge=1, le=100_000)]


class Flags(BaseModel):
    """Is what holds now; every field has a default in each stage.

    Attributes:
        rate_limits: By class of route, for each caller; ``failures`` counts requests that prove
            nothing about who sends them, by address.
        live_trading: Whether orders may cost real money. The stage's setting and the account's own
            switch must say so too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rate_limits: Mapping[str, RateLimit]
    live_trading: bool = False

    @field_validator("rate_limits")
    @classmethod
    def _has_each_class(cls, limits: Mapping[str, RateLimit]) -> Mapping[str, RateLimit]:
        if set(limits) != set(LIMIT_CLASSES):
            raise ValueError(f"limits of {', '.join(LIMIT_CLASSES)}")
        return limits


_CLOUD_LIMITS: dict[str, RateLimit] = {
    "read": RateLimit(rate_per_s=20, burst=100),
    "research": RateLimit(rate_per_s=2, burst=20),
    "trade": RateLimit(rate_per_s=20, burst=60),
    "admin": RateLimit(rate_per_s=1, burst=10),
    "public": RateLimit(rate_per_s=5, burst=30),
    "failures": RateLimit(rate_per_s=0.2, burst=20),
}
# One machine, one person, and benchmarks that post as fast as they can.
_LOCAL_LIMITS: dict[str, RateLimit] = {
    "read": RateLimit(rate_per_s=1000, burst=2000),
    "research": RateLimit(rate_per_s=200, burst=400),
    "trade": RateLimit(rate_per_s=1000, burst=2000),
    "admin": RateLimit(rate_per_s=50, burst=100),
    "public": RateLimit(rate_per_s=500, burst=1000),
    "failures": RateLimit(rate_per_s=20, burst=200),
}


def default_flags(stage: str) -> Flags:
    """Give what holds in a stage until somebody sets something else."""
    return Flags(rate_limits=dict(_LOCAL_LIMITS if stage == "local" else _CLOUD_LIMITS))


def flags_of(document: Mapping[str, object], stage: str) -> Flags:
    """Lay what a document says over the defaults of a stage.

    Raises:
        Invalid: If the document has an unknown name or a value out of its range; names the field.
    """
    return _checked(_merged(default_flags(stage).model_dump(mode="json"), document))


def flag_values(flags: Flags) -> dict[str, bool | int | float]:
    """Give each flag by its full name, such as ``rate_limits.read.burst``."""
    values: dict[str, bool | int | float] = {}
    for name, value in flags.model_dump(mode="json").items():
        values.update(_leaves(name, value))
    return values


def with_flag(
    document: Mapping[str, object], stage: str, name: str, value: str
) -> dict[str, object]:
    """Give a copy of a document in which one flag has another value.

    Args:
        name: In full, such as ``rate_limits.read.burst``.
        value: As a person types it: ``true``, ``20``, ``0.5``; ``default`` takes it out again.

    Raises:
        NotFound: If there is no such flag; the hint names those that there are.
        Invalid: If the value does not fit.
    """
    known = flag_values(default_flags(stage))
    if name not in known:
        raise NotFound("flag", name, f"there are {', '.join(sorted(known))}")
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    *path, last = name.split(".")
    if value == "default":
        _take_out(changed, [*path, last])
    else:
        place = changed
        for part in path:
            place = place.setdefault(part, {})
        place[last] = _typed(name, value, known[name])
    flags_of(changed, stage)
    return changed


def json_schema() -> dict[str, JsonValue]:
    """Describe the document for AppConfig's validator, in JSON Schema draft 4, which it knows.

    Every field may be missing: what is not said is the default of the stage.
    """
    limit = _draft4(RateLimit.model_json_schema())
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "AlgoTrendy flags",
        "description": "Only what differs from the defaults of the stage.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rate_limits": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(LIMIT_CLASSES, limit),
            },
            "live_trading": {"type": "boolean"},
        },
    }


class FlagReader:
    """Keeps the flags of a process; safe from any thread, never raises but in ``known``.

    Args:
        fetch: Reads the document as it is now; raises Unavailable.
        stage: Whose defaults hold beneath it.
        monotonic: Tells the age of a copy, in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], bytes],
        stage: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._stage = stage
        self._monotonic = monotonic
        self._one_at_a_time = threading.Lock()
        self._flags = default_flags(stage)
        self._document: bytes | None = None
        self._due_s = -1.0
        self._fault: Invalid | Unavailable | None = None

    def current(self) -> Flags:
        """Give the newest flags that are known; the defaults where none ever were."""
        # While one thread asks, the others go on with what there is.
        if self._monotonic() >= self._due_s and self._one_at_a_time.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._one_at_a_time.release()
        return self._flags

    def known(self) -> Flags:
        """Give the newest flags that were read.

        Raises:
            Unavailable: If none ever were: then nobody knows whether the defaults hold.
        """
        with self._one_at_a_time:
            if self._monotonic() >= self._due_s:
                self._refresh()
            found = self._flags
        if self._document is None:
            raise Unavailable("flags", str(self._fault or "not read yet"), RETRY_S)
        return found

    def _refresh(self) -> None:
        wait_s = TTL_S
        try:
            document = self._fetch()
            if document != self._document:
                self._flags = flags_of(_parsed(document), self._stage)
                self._document = document
            self._fault = None
        except (Invalid, Unavailable) as error:
            wait_s = RETRY_S
            if type(error) is not type(self._fault):
                _warn(error, is_known=self._document is not None)
            self._fault = error
        self._due_s = self._monotonic() + wait_s


def flags() -> Flags:
    """Give the flags that hold now: where nothing is set or known, the defaults of the stage."""
    from algotrendy.platform.settings import settings

    return _reader(settings().flags_source).current()


def known_flags() -> Flags:
    """Give the flags that hold now, for what must not be done on defaults.

    Raises:
        Unavailable: If nothing says where the flags are, or they could never be read.
    """
    from algotrendy.platform.settings import settings

    return _reader(settings().need("flags_source")).known()


def reset_flags() -> None:
    """Forget what was read, and from where."""
    _reader.cache_clear()


@functools.cache
def _reader(source: str | None) -> FlagReader:
    from algotrendy.platform.settings import settings

    if source is None:
        return FlagReader(lambda: b"{}", settings().stage)
    return FlagReader(AppConfigDocument(source), settings().stage)


class AppConfigDocument:
    """Reads the deployed document of an AppConfig profile through Powertools.

    The source is ``APPLICATION/ENVIRONMENT/PROFILE``, as names or as ids.
    Calls must not overlap. A session's token is good for one call, so that a call of which no
    answer came leaves it worthless: after a fault the next call begins a new session.
    """

    def __init__(self, source: str, connect: Callable[[], Any] | None = None) -> None:
        self._source = source
        self._connect = connect or _appconfigdata
        self._provider: Any = None

    def __call__(self) -> bytes:
        """Read it.

        Raises:
            Unavailable: If AppConfig does not answer, or nothing is deployed.
        """
        from aws_lambda_powertools.utilities.parameters import AppConfigProvider
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        application, environment, profile = self._source.split("/")
        if self._provider is None:
            self._provider = AppConfigProvider(
                environment, application, boto3_client=self._connect()
            )
        try:
            found: bytes = self._provider.get(profile, force_fetch=True)
        except GetParameterError as error:
            self._provider = None
            raise Unavailable("flags", f"AppConfig {self._source}: {error}") from error
        return found


def _appconfigdata() -> Any:
    from algotrendy.platform import aws

    return aws.quick_client("appconfigdata")


def _parsed(document: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(document)
    except ValueError as error:
        raise Invalid("flags", "a JSON document", document[:80].decode(errors="replace")) from error
    if not isinstance(found, dict):
        raise Invalid("flags", "a JSON object", type(found).__name__)
    return found


def _checked(values: Mapping[str, object]) -> Flags:
    try:
        return Flags.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Invalid(name, expected_of(first), first.get("input")) from error


def _merged(beneath: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(beneath)
    for name, value in above.items():
        both_are_maps = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _merged(merged[name], value) if both_are_maps else value
    return merged


def _leaves(name: str, value: Any) -> dict[str, bool | int | float]:
    if not isinstance(value, Mapping):
        return {name: value}
    found: dict[str, bool | int | float] = {}
    for part, inner in value.items():
        found.update(_leaves(f"{name}.{part}", inner))
    return found


def _take_out(document: dict[str, Any], path: list[str]) -> None:
    first, *rest = path
    if not rest:
        document.pop(first, None)
    elif isinstance(inner := document.get(first), dict):
        _take_out(inner, rest)
        if not inner:
            del document[first]


def _typed(name: str, value: str, like: bool | float) -> bool | int | float:
    if isinstance(like, bool):
        if value not in ("true", "false"):
            raise Invalid(name, "true, false or default", value)
        return value == "true"
    kind = "a whole number" if isinstance(like, int) else "a number"
    try:
        return int(value) if isinstance(like, int) else float(value)
    except ValueError as error:
        raise Invalid(name, f"{kind} or default", value) from error


def _draft4(schema: Mapping[str, Any]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {
        name: {key: field[key] for key in ("type", "minimum", "maximum")}
        for name, field in schema["properties"].items()
    }
    return {"type": "object", "additionalProperties": False, "properties": fields}


def _warn(error: Invalid | Unavailable, *, is_known: bool) -> None:
    from algotrendy.platform.telemetry import logger

    holding = "the last good ones" if is_known else "the defaults"
    logger.warning("flags were not read", extra={"fault": str(error), "holding": holding})
