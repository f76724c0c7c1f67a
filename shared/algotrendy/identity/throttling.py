"""Hold each caller to the limits of the class of a route, and tell them how they stand.

What makes risk smaller is counted apart and is never refused because the count is out of reach: a
program that has used all its requests up must not keep anybody from stopping it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request, Response

from algotrendy.identity.principal import Principal
from algotrendy.identity.routes import Access, LimitClass
from algotrendy.kernel.errors import AlgoTrendyError, Forbidden, Unauthenticated, Unavailable
from algotrendy.kernel.request_errors import TooManyRequests
from algotrendy.platform import flags as flags_of_now
from algotrendy.platform import problems, telemetry
from algotrendy.platform.edge import add_answer_headers
from algotrendy.platform.flags import RateLimit
from algotrendy.platform.rate_limits import Buckets, Verdict, own_buckets, shared_buckets
from algotrendy.platform.settings import settings

SAFETY: Final = frozenset(
    {
        ("DELETE", "/v1/orders/{order_id}"),
        ("DELETE", "/v1/parent-orders/{parent_id}"),
        ("POST", "/v1/kill-switch"),
        ("PUT", "/v1/trading-state"),
    }
)
"""Routes that end orders or halt: with the limits of trading, in a bucket of their own."""

FAILS_CLOSED: Final = frozenset({LimitClass.TRADE})
"""Classes of which nothing is done while nobody can count it."""

SAFETY_POLICY: Final = "safety"
FAILURES: Final = "failures"
UNCHECKED: Final = {"ratelimit-unchecked": "shared count out of reach"}


async def limits() -> Mapping[str, RateLimit]:
    """Give the limits that hold now, by class; a test overrides this dependency."""
    return flags_of_now.flags().rate_limits


async def buckets() -> Buckets:
    """Give the buckets of this deployment; a test overrides this dependency."""
    return shared_buckets()


# A coroutine, as it waits for at most a tenth of a second, and that once in a second: a thread for
# it costs more than it does.
async def throttled(
    request: Request,
    allowed: Annotated[Mapping[str, RateLimit], Depends(limits)],
    shared: Annotated[Buckets, Depends(buckets)],
) -> None:
    """Let the request pass if its caller has one left; every answer says how many are.

    Raises:
        TooManyRequests: If there is none left.
        Unavailable: If nobody can say, and the route acts on money.
    """
    access: Access = request.state.access
    is_safe = (request.method, request.scope["route"].path_format) in SAFETY
    policy = SAFETY_POLICY if is_safe else access.limit_class.value
    must_know = access.limit_class in FAILS_CLOSED and not is_safe
    name, limit = f"{policy}:{_caller(request)}", allowed[access.limit_class]
    _take(request, shared, policy, name, limit, must_know=must_know)


def count_refusals(app: FastAPI) -> None:
    """Count also those whom the guard turns away, who never come as far as ``throttled``.

    Who has proved who they are, and may not, uses up requests like any other. Of an address that
    proves nothing too often the answer becomes 429, in place of what was wrong with the proof.
    Whoever proves who they are passes from any address all the same: a script with an old token
    must not lock out the desk that it stands on.
    """
    app.add_exception_handler(Unauthenticated, _answer_unknown)
    app.add_exception_handler(Forbidden, _answer_forbidden)


def headers_of(policy: str, verdict: Verdict) -> dict[str, str]:
    """Write what a caller may know of their bucket: whole numbers, times in seconds.

    Source: draft-ietf-httpapi-ratelimit-headers-07, and RateLimit-Policy of its later versions.
    """
    limit = verdict.limit
    window_s = max(1, _ceil(limit.burst / limit.rate_per_s))
    return {
        "ratelimit-limit": str(limit.burst),
        "ratelimit-remaining": str(verdict.remaining),
        "ratelimit-reset": str(_ceil(verdict.full_after_s)),
        "ratelimit-policy": f'"{policy}";q={limit.burst};w={window_s}',
    }


async def _answer_unknown(request: Request, error: Exception) -> Response:
    allowed, shared = await _overridable(request, limits), await _overridable(request, buckets)
    name = f"{FAILURES}:{_hashed(address_of(request))}"
    try:
        _take(request, shared, FAILURES, name, allowed[FAILURES], must_know=False)
    except TooManyRequests as refusal:
        telemetry.logger.warning("too many failures", extra={"address": address_of(request)})
        error = refusal
    return _answered(error)


async def _answer_forbidden(request: Request, error: Exception) -> Response:
    if hasattr(request.state, "access"):
        allowed, shared = await _overridable(request, limits), await _overridable(request, buckets)
        with suppress(Unavailable):  # nothing would have been done
            try:
                await throttled(request, allowed, shared)
            except TooManyRequests as refusal:
                error = refusal
    return _answered(error)


def _answered(error: Exception) -> Response:
    assert isinstance(error, AlgoTrendyError)  # noqa: S101 - what the handlers are registered for
    return problems.of_error(error).response()


async def _overridable(request: Request, provider: Callable[[], Awaitable[Any]]) -> Any:
    # Outside of the dependencies, a test's override is honoured all the same.
    chosen = request.app.dependency_overrides.get(provider, provider)
    found = chosen()
    return await found if inspect.isawaitable(found) else found


def _take(
    request: Request,
    shared: Buckets,
    policy: str,
    name: str,
    limit: RateLimit,
    *,
    must_know: bool,
) -> None:
    try:
        verdict = shared.take(name, limit)
    except Unavailable:
        if must_know:
            raise
        # Open, and yet not without a bound.
        verdict = own_buckets().take(name, limit)
        add_answer_headers(request.scope, UNCHECKED)
    add_answer_headers(request.scope, headers_of(policy, verdict))
    if not verdict.is_allowed:
        raise TooManyRequests(
            policy, limit.rate_per_s, limit.burst, retry_after_s=verdict.retry_after_s
        )


def _caller(request: Request) -> str:
    """Name who is counted: a person, a machine or a key of a tenant, or an address."""
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        return _hashed(address_of(request))
    # A key of a person is counted by itself: what a script uses up its owner still has.
    who = f"{principal.kind}:{principal.subject}:{principal.key_id or ''}"
    return f"{principal.tenant}:{_hashed(who)}"


def address_of(request: Request) -> str:
    """Give the address that the outermost proxy of ours saw.

    What stands further left in X-Forwarded-For the caller may have written.
    """
    proxies = settings().trusted_proxies
    passed = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    if proxies and len(passed) > proxies:
        return passed[-1 - proxies].strip()
    return request.client.host if request.client else "unknown"


def _hashed(text: str) -> str:
    # Of one length and alphabet, and no list of who calls in a cache.
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _ceil(seconds: float) -> int:
    # A microsecond over a whole second is that second.
    return int(seconds + 0.999_999)
