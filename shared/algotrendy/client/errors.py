"""Name every way that a call can go wrong, by what the caller should do.

ApiError
├─ NoAnswer            the API cannot be reached; `may_have_happened` says what that leaves open
├─ NotUnderstood       it answered something that this client cannot read
└─ ProblemError        it answered with a problem: status, code, detail, correlation_id, errors
   ├─ Invalid          a field is wrong; `errors` names each and what was expected
   │  ├─ KeyReused     the idempotency key was used for another request before
   │  └─ TooLarge      the body has more bytes than are taken
   ├─ NotSignedIn      the token or the key proves nothing: get another one
   ├─ NotAllowed       known, but may not
   │  └─ FreshSignInNeeded   a person must sign in again first
   ├─ NotFound         no such thing, or none that the caller may see
   ├─ Refused          the business says no; `facts` say which limit or state
   ├─ TooManyRequests  over the limit, nothing was done; `retry_after_s` says when to come back
   ├─ Unavailable      something that is needed does not answer; try again later
   ├─ OutcomeUnknown   it may or may not have happened: look before acting again
   └─ Failed           a defect on the other side; quote the correlation id
"""

# ruff: noqa: N818 - the tree reads as what it means.

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

_STANDARD = {"type", "title", "status", "detail", "code", "correlation_id", "errors"}


class ApiError(Exception):
    """The root of what a call can raise."""


class NoAnswer(ApiError):
    """Says that the API did not answer.

    Args:
        message: What was found.
        may_have_happened: Whether the request may have reached it, and done what it asks for.
    """

    def __init__(self, message: str, *, may_have_happened: bool) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened


class NotUnderstood(ApiError):
    """Says that an answer is not what the document of the API promises."""


class ProblemError(ApiError):
    """Says what went wrong, as the problem document has it.

    Args:
        response: The answer.
        problem: The document in it, RFC 9457; what a gateway says by itself may have no members.
    """

    def __init__(self, response: httpx.Response, problem: Mapping[str, Any]) -> None:
        headers = response.headers
        self.status = response.status_code
        self.path = response.request.url.path
        self.code = str(problem.get("code", ""))
        self.title = str(problem.get("title", ""))
        said = problem.get("detail") or problem.get("message") or response.reason_phrase
        self.detail = str(said or "no reason given")
        known = problem.get("correlation_id") or headers.get("x-correlation-id")
        self.correlation_id = None if known is None else str(known)
        listed = problem.get("errors")
        self.errors: list[Any] = listed if isinstance(listed, list) else []
        self.facts = {name: fact for name, fact in problem.items() if name not in _STANDARD}
        self.is_of_the_api = "code" in problem
        self.retry_after_s = retry_after_s(headers)
        super().__init__(
            f"{self.status} {self.code or self.title}: {self.detail}".replace("  ", " ")
        )


class Invalid(ProblemError):
    """Says that a field is wrong."""


class KeyReused(Invalid):
    """Says that the idempotency key stands for another request."""


class TooLarge(Invalid):
    """Says that the body has more bytes than are taken."""


class NotSignedIn(ProblemError):
    """Says that nobody knows who is asking."""


class NotAllowed(ProblemError):
    """Says that the caller may not."""


class FreshSignInNeeded(NotAllowed):
    """Says that a person must sign in again before this."""


class NotFound(ProblemError):
    """Says that there is no such thing, or none that the caller may see."""


class Refused(ProblemError):
    """Says that the business says no."""


class InProgress(Refused):
    """Says that the request of the same idempotency key is still being done."""


class TooManyRequests(ProblemError):
    """Says that the limit is reached, and that nothing was done."""


class Unavailable(ProblemError):
    """Says that something that is needed does not answer."""


class OutcomeUnknown(ProblemError):
    """Says that it may or may not have happened."""


class Failed(ProblemError):
    """Says that there is a defect on the other side."""


_BY_CODE: dict[str, type[ProblemError]] = {
    "idempotency-in-progress": InProgress,
    "idempotency-key-reused": KeyReused,
    "fresh-sign-in-needed": FreshSignInNeeded,
    "unknown": OutcomeUnknown,
}
_BY_STATUS: dict[int, type[ProblemError]] = {
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Refused,
    413: TooLarge,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def problem_of(response: httpx.Response) -> ProblemError:
    """Read the problem that an answer is, whoever gave it."""
    try:
        found = response.json()
    except ValueError:
        found = None
    problem = found if isinstance(found, dict) else {}
    status = response.status_code
    rest = Failed if status >= httpx.codes.INTERNAL_SERVER_ERROR else Invalid
    kind = _BY_CODE.get(str(problem.get("code")), _BY_STATUS.get(status, rest))
    return kind(response, problem)


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Read when to come back, in seconds from the answer's own time; None where nothing is said."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        then = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return max(0.0, (_aware(then) - _aware(now)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
