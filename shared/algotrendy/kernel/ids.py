"""Make and read identifiers: UUIDv7 for what we create, checked text for what others name."""

from __future__ import annotations

import hashlib
import os
import random
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NewType, Protocol
from uuid import UUID

from algotrendy.kernel.clock import Clock, as_utc
from algotrendy.kernel.errors import Invalid

SweepId = NewType("SweepId", UUID)
WalkForwardId = NewType("WalkForwardId", UUID)
EventId = NewType("EventId", UUID)
OrderId = NewType("OrderId", UUID)
FillId = NewType("FillId", UUID)
AccountId = NewType("AccountId", str)
TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
CorrelationId = NewType("CorrelationId", str)

RandomBytes = Callable[[int], bytes]

_RANDOM_BITS = 74
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TENANT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:/[A-Za-z0-9][A-Za-z0-9._:@-]{0,127})?"
)
# A machine is no user of the user pool, and cannot be taken for one.
_USER = re.compile(r"(?:machine:)?[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_CORRELATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=;-]{0,127}")


class Ids(Protocol):
    """Makes identifiers."""

    def next(self) -> UUID:
        """Make a UUIDv7 that was never made before."""
        ...


def uuid7(now: datetime, random_bytes: RandomBytes = os.urandom) -> UUID:
    """Make one UUIDv7 of the millisecond of ``now``; two of one millisecond have no order.

    Raises:
        Invalid: If ``now`` has no zone or lies before 1970.

    Source: RFC 9562, section 5.7.
    """
    return _assemble(_milliseconds(now), _random(random_bytes))


def derived_uuid7(moment: datetime, *names: str) -> UUID:
    """Make the one UUIDv7 of a millisecond and of names, the same whoever asks and how often.

    Raises:
        Invalid: If ``moment`` has no zone or lies before 1970.
    """
    # The length before each name: ("ab", "c") and ("a", "bc") are two things.
    text = "".join(f"{len(name)}:{name}" for name in names)
    digest = hashlib.sha256(text.encode()).digest()
    return uuid7(moment, lambda count: digest[:count])


class Uuid7s:
    """Makes UUIDv7s that sort in the order in which they were made, from any thread.

    Within one millisecond, and when the clock steps back, the random part counts upwards by a
    random step: RFC 9562, section 6.2, method 2.
    """

    def __init__(self, clock: Clock, random_bytes: RandomBytes = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._last_ms = -1
        self._last_random = 0

    def next(self) -> UUID:
        """Make the next id; it sorts after every earlier one of this object."""
        now_ms = _milliseconds(self._clock.now())
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._last_random = now_ms, _random(self._random_bytes)
            else:
                self._last_random += 1 + int.from_bytes(self._random_bytes(4))
                if self._last_random >> _RANDOM_BITS:
                    self._last_ms, self._last_random = (
                        self._last_ms + 1,
                        _random(self._random_bytes),
                    )
            return _assemble(self._last_ms, self._last_random)


class SeededIds(Uuid7s):
    """Makes the same ids again for the same seed and times: for tests and replays."""

    def __init__(self, seed: int, clock: Clock) -> None:
        # Reproducible on purpose; these ids guard nothing.
        super().__init__(clock, random.Random(seed).randbytes)  # noqa: S311  # nosec B311


def time_of(identifier: UUID) -> datetime:
    """Tell the millisecond at which a UUIDv7 was made.

    Raises:
        Invalid: If it is a UUID of another version.
    """
    if identifier.version != 7:
        raise Invalid("id", "a UUIDv7", str(identifier))
    return _EPOCH + timedelta(milliseconds=identifier.int >> 80)


def first_uuid7(at: datetime) -> UUID:
    """Give the least UUIDv7 of a time's millisecond: all that were made earlier are below it."""
    return _assemble(_milliseconds(at), 0)


def parse_uuid7(text: str, field: str) -> UUID:
    """Read a UUIDv7 in its canonical form, hyphens and all.

    Raises:
        Invalid: If the text is anything else, which names ``field``.
    """
    try:
        identifier = UUID(text)
    except ValueError as error:
        raise Invalid(field, "a UUIDv7", text) from error
    # UUID() also reads braces, URNs and bare hex; one id with several spellings makes several keys.
    if identifier.version != 7 or str(identifier) != text.lower():
        raise Invalid(field, "a UUIDv7", text)
    return identifier


def parse_sweep_id(text: str) -> SweepId:
    """Read a sweep id, or raise Invalid."""
    return SweepId(parse_uuid7(text, "sweep_id"))


def parse_walk_forward_id(text: str, field: str = "walk_forward_id") -> WalkForwardId:
    """Read the id of a walk forward, or raise Invalid, which names ``field``."""
    return WalkForwardId(parse_uuid7(text, field))


def parse_event_id(text: str) -> EventId:
    """Read an event id, or raise Invalid."""
    return EventId(parse_uuid7(text, "event_id"))


def parse_tenant(text: str) -> TenantId:
    """Read a tenant: 1 to 63 lower-case letters, digits and inner hyphens, or raise Invalid."""
    expected = "1 to 63 lower-case letters, digits and inner hyphens"
    return TenantId(_matching(_TENANT, text, "tenant", expected))


def parse_account_id(text: str, field: str = "account") -> AccountId:
    """Read the id of an account, ``paper``, or of a strategy's part of one, ``paper/trend``.

    Raises:
        Invalid: If the text is neither, which names ``field``.
    """
    expected = "1 to 63 lower-case letters, digits and inner hyphens, or these, / and a strategy"
    return AccountId(_matching(_ACCOUNT, text, field, expected))


def parse_order_id(text: str, field: str = "order_id") -> OrderId:
    """Read an order id, or raise Invalid."""
    return OrderId(parse_uuid7(text, field))


def parse_user_id(text: str, field: str = "user") -> UserId:
    """Read the subject that the identity provider gave a user, or raise Invalid."""
    return UserId(_matching(_USER, text, field, "1 to 128 letters, digits and . _ @ + -"))


def parse_correlation_id(text: str) -> CorrelationId:
    """Read a correlation id that a caller sent; safe to log and to echo, or raise Invalid."""
    expected = "1 to 128 letters, digits and . _ : = ; -"
    return CorrelationId(_matching(_CORRELATION, text, "correlation_id", expected))


def _matching(pattern: re.Pattern[str], text: str, field: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        raise Invalid(field, expected, text)
    return text


def _milliseconds(now: datetime) -> int:
    elapsed = (as_utc(now, "now") - _EPOCH) // timedelta(milliseconds=1)
    if elapsed < 0:
        raise Invalid("now", "in 1970 or later", now.isoformat())
    return elapsed


def _random(random_bytes: RandomBytes) -> int:
    return int.from_bytes(random_bytes(10)) >> (80 - _RANDOM_BITS)


def _assemble(milliseconds: int, random_74: int) -> UUID:
    rand_a, rand_b = random_74 >> 62, random_74 & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
