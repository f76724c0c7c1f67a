"""Name every way the platform says no, split by what the caller should do next.

    AlgoTrendyError
    ├─ Invalid            the caller's input is wrong: correct the named field, send again
    │  └─ InvalidRows     a file with bad rows: every bad row by line, field and reason
    ├─ Rejected           the business said no: compensate, or accept the answer
    │  ├─ NotFound        no such thing, or none that this caller may see
    │  ├─ Unauthenticated nobody knows who is asking: sign in
    │  ├─ Forbidden       known, but without the permission or the role
    │  │  └─ FreshSignInNeeded  known, but for this the password is asked again
    │  ├─ Conflict        clashes with what is already there
    │  └─ …               what the way in says of a request: `kernel.request_errors`
    ├─ Unavailable        something we need does not answer: try again later
    └─ Unknown            it may or may not have happened: reconcile, never retry blindly

Errors carry facts, not prose alone: ``fields()`` is what an API adds to its problem document and
a log line to its keys. They survive pickling, so that a worker process can raise them to its
parent.
"""

# ruff: noqa: N818 - the tree reads as what it means: raise Invalid, except Unavailable.

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

MAX_ROWS_KEPT = 100
_MAX_SHOWN_CHARACTERS = 120

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class AlgoTrendyError(Exception):
    """The root of every error that the platform raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def fields(self) -> dict[str, JsonValue]:
        """Give the facts of the error as JSON values, keyed by name."""
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        # The default rebuilds with cls(*args), which fits no class here: args is the message alone.
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    kind: type[AlgoTrendyError], args: tuple[object, ...], state: dict[str, object]
) -> AlgoTrendyError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class Invalid(AlgoTrendyError):
    """Says that one field of the caller's input is wrong.

    Args:
        field: Dotted path of the field, as the caller knows it, such as ``parameters.fast``.
        expected: What would be right; reads after "must be": ``between 2 and 500``.
        actual: What came.
    """

    code = "invalid"

    def __init__(self, field: str, expected: str, actual: object) -> None:
        super().__init__(f"{field} must be {expected}, was {shown(actual)}")
        self.field = field
        self.expected = expected
        self.actual = actual

    def fields(self) -> dict[str, JsonValue]:
        """Give a list ``errors`` with the one wrong field."""
        wrong: JsonValue = {
            "field": self.field,
            "expected": self.expected,
            "actual": _json(self.actual),
        }
        return {"errors": [wrong]}


@dataclass(frozen=True, slots=True)
class RowError:
    """Says what is wrong in one row; ``line`` counts from 1 with the header as line 1."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        """Read as one line of a report."""
        return f"line {self.line}: {self.field} {self.reason}"


class InvalidRows(Invalid):
    """Says that a file has bad rows, and that nothing of it was taken.

    Args:
        source: Name of the file.
        rows: The bad rows in file order; the first 100 are kept.
        count: How many rows are bad, when the reader itself stopped collecting them.
    """

    code = "invalid-rows"

    def __init__(self, source: str, rows: Sequence[RowError], count: int | None = None) -> None:
        self.source = source
        self.count = len(rows) if count is None else count
        self.rows = tuple(rows[:MAX_ROWS_KEPT])
        plural = "" if self.count == 1 else "s"
        super().__init__(source, "valid in every row", f"{self.count} bad row{plural}")
        first = f"; first: {self.rows[0]}" if self.rows else ""
        self.message = f"{source} has {self.count} bad row{plural}{first}"
        self.args = (self.message,)

    def fields(self) -> dict[str, JsonValue]:
        """Give the source, the number of bad rows, and the kept ones as ``errors``."""
        errors: list[JsonValue] = [
            {"line": row.line, "field": row.field, "reason": row.reason} for row in self.rows
        ]
        return {"source": self.source, "count": self.count, "errors": errors}


class Rejected(AlgoTrendyError):
    """Says that the business refuses, whoever asks again: ``Rejected("...", limit=5, actual=7)``.

    Args:
        message: Expectation and fact, for a person.
        facts: The same by name, for a program.
    """

    code = "rejected"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts

    def fields(self) -> dict[str, JsonValue]:
        """Give the facts as JSON values."""
        return {name: _json(fact) for name, fact in self.facts.items()}


class NotFound(Rejected):
    """Says that there is no such thing; ``hint`` says what there is instead."""

    code = "not-found"

    def __init__(self, kind: str, key: object, hint: str = "") -> None:
        message = f"{kind} {_plain(key)} was not found"
        facts: dict[str, object] = {"kind": kind, "key": str(key)}
        if hint:
            message += f"; {hint}"
            facts["hint"] = hint
        super().__init__(message, **facts)
        self.kind = kind
        self.key = key
        self.hint = hint


class Unauthenticated(Rejected):
    """Says that the caller did not prove who they are.

    Args:
        reason: Why, in words for the caller; never a part of the token.
        presented: Whether there was a token at all.
    """

    code = "unauthenticated"

    def __init__(self, reason: str, *, presented: bool = True) -> None:
        super().__init__(f"not signed in: {reason}")
        self.reason = reason
        self.presented = presented

    @property
    def challenge(self) -> str:
        """Give the challenge of RFC 6750, section 3, for a WWW-Authenticate header.

        A request without a token gets no error code, as the RFC asks.
        """
        if not self.presented:
            return 'Bearer realm="algotrendy"'
        # The RFC allows printable ASCII without quote and backslash in error_description.
        words = "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in self.reason)
        return f'Bearer realm="algotrendy", error="invalid_token", error_description="{words}"'


class Forbidden(Rejected):
    """Says that the caller is known but holds none of the needed roles.

    Args:
        needed: Roles of which any would do; none where no role does.
        held: Those that the caller has.
        permission: What of these roles is needed, where that is known.
    """

    code = "forbidden"

    def __init__(
        self, needed: Iterable[str], held: Iterable[str], permission: str | None = None
    ) -> None:
        self.needed = tuple(sorted(needed))
        self.held = tuple(sorted(held))
        self.permission = permission
        wanted = [] if permission is None else [f"the permission {permission}"]
        if self.needed:
            wanted.append(f"the role {' or '.join(self.needed)}")
        has = ", ".join(self.held) or "no role"
        facts: dict[str, object] = {"needed": self.needed, "held": self.held}
        if permission is not None:
            facts["permission"] = permission
        super().__init__(f"this needs {', so '.join(wanted)}; you have {has}", **facts)


class FreshSignInNeeded(Forbidden):
    """Says that somebody may do this, and must prove first that it is still them.

    Args:
        kind: What the caller is; only a ``user`` can sign in.
        signed_in_at: When they typed their password, if that is known.
        within_s: How long ago that may be.
    """

    code = "fresh-sign-in-needed"

    def __init__(self, kind: str, signed_in_at: datetime | None, within_s: float) -> None:
        was = "a machine or a key" if kind != "user" else "longer ago"
        Rejected.__init__(
            self,
            f"this needs a person who signed in within {within_s / 60:g} minutes, was {was}: "
            "run `algotrendy login` again",
            kind=kind,
            signed_in_at=None if signed_in_at is None else signed_in_at.isoformat(),
            within_s=within_s,
        )
        self.needed = self.held = ()
        self.permission = None


class Conflict(Rejected):
    """Says that the request clashes with the present state, such as a reused idempotency key."""

    code = "conflict"


class Unavailable(AlgoTrendyError):
    """Says that something we depend on does not answer; the same request may work later.

    Args:
        service: Who does not answer, such as ``database``.
        reason: What is known about it, and what a person can do.
        retry_after_s: When trying again makes sense, if known.
    """

    code = "unavailable"

    def __init__(self, service: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{service} is unavailable: {reason}")
        self.service = service
        self.reason = reason
        self.retry_after_s = retry_after_s

    def fields(self) -> dict[str, JsonValue]:
        """Give the service, and when to come back if that is known."""
        found: dict[str, JsonValue] = {"service": self.service}
        if self.retry_after_s is not None:
            found["retry_after_s"] = self.retry_after_s
        return found


class Unknown(AlgoTrendyError):
    """Says that an operation may or may not have happened: ask what is true before acting again."""

    code = "unknown"

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"the outcome of {operation} is unknown: {reason}")
        self.operation = operation
        self.reason = reason

    def fields(self) -> dict[str, JsonValue]:
        """Give the operation to reconcile."""
        return {"operation": self.operation}


def shown(value: object) -> str:
    """Show a value that came from outside: quoted when text, and never at full length."""
    if isinstance(value, str):
        return repr(_shortened(value))
    if value is None:
        return "missing"
    return _shortened(str(value))


def _plain(value: object) -> str:
    return _shortened("".join(c if c.isprintable() else "?" for c in str(value)))


def _shortened(text: str) -> str:
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return text
    return text[:_MAX_SHOWN_CHARACTERS] + "…"


def _json(value: object) -> JsonValue:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return _shortened(value)
        case Mapping():
            return {str(key): _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case set() | frozenset():
            return [_json(item) for item in sorted(value, key=str)]
        case _:
            return _shortened(str(value))
