"""Call ccxt, once, and say what went wrong in the platform's errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar

from algotrendy.brokers.ccxt.profiles import Profile
from algotrendy.brokers.ccxt.vendor import Answer, listening
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)

T = TypeVar("T")

_UNAUTHORIZED = 401
_SERVER_ERRORS = 500
_PAUSE_S = 60.0
"""When to come again after too many requests, where the exchange does not say."""


class Calls:
    """Calls of one exchange."""

    def __init__(self, exchange: str, profile: Profile) -> None:
        self._exchange = exchange
        self._profile = profile

    async def read(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask for something: whatever goes wrong, nothing was changed."""
        return await self._call(ask, None)

    async def change(self, operation: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask for a change; when no answer tells what became of it, it is Unknown."""
        return await self._call(ask, operation)

    async def _call(self, ask: Callable[[], Awaitable[T]], operation: str | None) -> T:
        errors = import_module("ccxt.base.errors")
        answer = Answer()
        token = listening.set(answer)
        try:
            return await ask()
        except errors.BaseError as error:
            raise self.translated(error, answer, operation) from error
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            # ccxt trips over its own feet when a stream is refused, and hides why.
            hidden = error.__context__
            if operation is None and isinstance(hidden, errors.BaseError):
                raise self.translated(hidden, answer, operation) from error
            # It trips over answers of a shape that it does not expect, too.
            reason = f"its answer cannot be read ({type(error).__name__}: {error})"
            raise self._in_doubt(reason, operation) from error
        except (TimeoutError, OSError, EOFError) as error:
            raise self._in_doubt(f"no answer came ({type(error).__name__})", operation) from error
        finally:
            listening.reset(token)

    def translated(
        self, error: Exception, answer: Answer, operation: str | None
    ) -> AlgoTrendyError:
        """Say what an error of ccxt means for the caller.

        Args:
            operation: What was to be changed; None for a read.
        """
        vendor = import_module("ccxt.base.errors")
        text = str(error)[:500] or type(error).__name__
        if answer.status == _UNAUTHORIZED or isinstance(error, vendor.AuthenticationError):
            return Unauthenticated(f"{self._exchange} does not take these keys: {text}")
        if isinstance(error, vendor.DDoSProtection | vendor.RateLimitExceeded):
            pause_s = answer.retry_after_s or _PAUSE_S
            return Unavailable(self._exchange, "too many requests", pause_s)
        if _never_left(error):
            return Unavailable(self._exchange, "it cannot be reached")
        refuses = isinstance(error, vendor.OnMaintenance | vendor.InvalidNonce)
        if refuses or answer.code in self._profile.never_done:
            return Unavailable(self._exchange, text, answer.retry_after_s)
        if answer.code in self._profile.half_done:
            said = f"the old order was cancelled, and the new one refused: {text}"
            return Rejected(said, old_order="canceled", broker_code=answer.code)
        if answer.code in self._profile.refused:
            return Rejected(text, old_order="unchanged", broker_code=answer.code)
        if type(error) is vendor.ExchangeNotAvailable and _is_refusal(answer.status):
            # ccxt calls statuses so that it has no other word for, 403 among them.
            return Rejected(text, status=answer.status, broker_code=answer.code)
        failed = isinstance(error, vendor.OperationFailed) or _broke(error)
        if failed or (answer.status or 0) >= _SERVER_ERRORS:
            return self._in_doubt(text, operation)
        return _refusal(vendor, error, text, answer)

    def _in_doubt(self, reason: str, operation: str | None) -> AlgoTrendyError:
        if operation is None:
            return Unavailable(self._exchange, reason)
        return Unknown(operation, reason)


def _refusal(vendor: Any, error: Exception, text: str, answer: Answer) -> AlgoTrendyError:
    facts = {"status": answer.status, "broker_code": answer.code}
    if isinstance(error, vendor.OrderNotFound):
        return NotFound("order", "asked for", text)
    if isinstance(error, vendor.DuplicateOrderId):
        return Conflict(text, **facts)
    if isinstance(error, vendor.BadSymbol):
        return Invalid("symbol", "a pair that the exchange trades", text)
    if isinstance(error, vendor.NotSupported | vendor.ArgumentsRequired):
        return Invalid("request", "one that the exchange takes", text)
    kind = "insufficient_funds" if isinstance(error, vendor.InsufficientFunds) else "refused"
    return Rejected(text, kind=kind, **facts)


def _never_left(error: Exception) -> bool:
    """Say whether there was no connection that a request could have left by."""
    cause = error.__cause__
    return type(cause).__name__ in ("ClientConnectorError", "ClientConnectorDNSError", "gaierror")


def _broke(error: Exception) -> bool:
    """Say whether the connection broke in the middle of an answer: ccxt calls it any error."""
    return type(error.__cause__).__module__.partition(".")[0] == "aiohttp"


def _is_refusal(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status != 408
