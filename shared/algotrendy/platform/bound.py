"""Know what the work under way is about: its correlation id, its account, order and execution.

What is bound here is in every log line and every span of the same context, whichever thread or
task writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import CorrelationId, Uuid7s, parse_correlation_id

Fact = str | int | float | bool
Facts = Mapping[str, Fact]

_NONE: Facts = MappingProxyType({})

_correlation: ContextVar[CorrelationId | None] = ContextVar("correlation_id", default=None)
_facts: ContextVar[Facts] = ContextVar("facts", default=_NONE)
_ids = Uuid7s(SystemClock())


def bound_correlation_id() -> CorrelationId | None:
    """Give the id of the present request; None when there is none."""
    return _correlation.get()


def correlation_id() -> CorrelationId:
    """Give the id of the present request; when there is none, begin one."""
    found = _correlation.get()
    return bind_correlation_id(None) if found is None else found


def bind_correlation_id(value: str | None) -> CorrelationId:
    """Let the present context have this id, and give it; None begins a new one.

    A value that is not safe to log and echo is not used: the request gets a new id instead.
    """
    bound = _checked(value) or CorrelationId(str(_ids.next()))
    _correlation.set(bound)
    return bound


@contextmanager
def correlated(value: str | None) -> Iterator[CorrelationId]:
    """Bind an id for the length of a ``with`` block, and put the former one back after it."""
    before = _correlation.get()
    try:
        yield bind_correlation_id(value)
    finally:
        _correlation.set(before)


def bound_facts() -> Facts:
    """Give what is known of the work under way, beside its correlation id."""
    return _facts.get()


def bind(**facts: object) -> None:
    """Let the present context know more: ``account``, ``order_id``, ``execution_id``...

    What is None is left out.
    """
    _facts.set(_with(facts))


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Know more for the length of a ``with`` block."""
    token = _facts.set(_with(facts))
    try:
        yield
    finally:
        _facts.reset(token)


@contextmanager
def nothing_bound() -> Iterator[None]:
    """Know nothing yet, for the length of a ``with`` block: a new request begins."""
    token = _facts.set(_NONE)
    try:
        yield
    finally:
        _facts.reset(token)


def plain_facts(facts: Mapping[str, object]) -> dict[str, Fact]:
    """Give facts as values that JSON and OpenTelemetry take; what is None is left out."""
    return {
        name: value if isinstance(value, str | int | float | bool) else str(value)
        for name, value in facts.items()
        if value is not None
    }


def _with(facts: Mapping[str, object]) -> Facts:
    return {**_facts.get(), **plain_facts(facts)}


def _checked(value: str | None) -> CorrelationId | None:
    if value is None:
        return None
    try:
        return parse_correlation_id(value)
    except Invalid:
        return None
