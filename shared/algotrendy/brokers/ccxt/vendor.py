"""Load ccxt, make an exchange of it, and overhear what its server answers."""

from __future__ import annotations

import asyncio
import json
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from algotrendy.brokers.ccxt.profiles import Profile
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.live import Mode
from algotrendy.kernel.errors import Invalid


@dataclass(slots=True)
class Answer:
    """What the server answered last in one call: ccxt's errors do not tell it.

    Attributes:
        status: HTTP; None where none came.
        code: Of the JSON body, where it has one.
    """

    status: int | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def retry_after_s(self) -> float | None:
        """Give when the server wants to be asked again."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdigit() else None


listening: ContextVar[Answer | None] = ContextVar("ccxt_answer", default=None)


async def vendor_class(exchange: str) -> Any:
    """Load ccxt's class for an exchange, the one with streams where there is one.

    Raises:
        Invalid: If ccxt does not know the exchange.
    """
    return await asyncio.to_thread(_load, exchange)


def _load(exchange: str) -> Any:
    for package in ("ccxt.pro", "ccxt.async_support"):
        try:
            module = import_module(f"{package}.{exchange}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{exchange}":
                raise
        else:
            return getattr(module, exchange)
    raise Invalid("exchange", "one that ccxt knows", exchange)


def make_exchange(kind: Any, settings: CcxtSettings, profile: Profile) -> Any:
    """Make ccxt's object: decimals as text, no second try, the sandbox unless the mode is live.

    Raises:
        Invalid: If the exchange has no sandbox, or ``url`` is a live address in paper mode.
    """
    config: dict[str, Any] = {
        "apiKey": settings.key,
        "secret": settings.secret,
        "enableRateLimit": True,
        "timeout": int(settings.timeout_s * 1000),
        "number": str,
        "options": {
            "defaultType": "spot",
            "adjustForTimeDifference": True,
            "maxRetriesOnFailure": 0,
            **profile.options,
        },
    }
    if settings.password is not None:
        config["password"] = settings.password
    if settings.rate_limit_ms is not None:
        config["rateLimit"] = settings.rate_limit_ms
    exchange = kind(config)
    if settings.mode is Mode.PAPER:
        _leave_real_money(exchange, settings)
    if settings.url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], settings.url)
        # ccxt waits here for TLS to say goodbye.
        exchange.timeout_on_exit = 0 if settings.url.startswith("http:") else 250
    exchange.on_rest_response = _overhear
    return exchange


def make_public(kind: Any, profile: Profile, url: str | None, timeout_s: float = 10.0) -> Any:
    """Make ccxt's object for what an exchange tells everybody: it has no keys, and trades nothing.

    Args:
        url: Scheme, host and port of a server that speaks for the exchange; None: its own.
    """
    exchange = kind(
        {
            "enableRateLimit": True,
            "timeout": int(timeout_s * 1000),
            "options": {"defaultType": "spot", "maxRetriesOnFailure": 0, **profile.options},
        }
    )
    if url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], url)
        exchange.timeout_on_exit = 0 if url.startswith("http:") else 250
    exchange.on_rest_response = _overhear
    return exchange


def _leave_real_money(exchange: Any, settings: CcxtSettings) -> None:
    has_sandbox = bool(exchange.urls.get("test"))
    if settings.url is None and not has_sandbox:
        expected = "an exchange with a sandbox: live trading has two switches"
        raise Invalid("exchange", expected, settings.exchange)
    if settings.url is not None:
        live = {_domain(url) for url in _urls(exchange.urls["api"], exchange.hostname)}
        if _domain(settings.url) in live:
            expected = "a paper address: live trading has two switches"
            raise Invalid("url", expected, settings.url)
    if has_sandbox:
        exchange.set_sandbox_mode(True)


def _urls(found: Any, hostname: str | None) -> list[str]:
    if isinstance(found, str):
        return [found.replace("{hostname}", hostname or "")]
    values = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [url for value in values for url in _urls(value, hostname)]


def _moved(found: Any, base: str) -> Any:
    """Put another server's address in front of every path."""
    if isinstance(found, str):
        address, parts = urlsplit(base), urlsplit(found)
        is_socket = parts.scheme in ("ws", "wss")
        scheme = address.scheme.replace("http", "ws") if is_socket else address.scheme
        return f"{scheme}://{address.netloc}{parts.path}"
    if isinstance(found, dict):
        return {name: _moved(value, base) for name, value in found.items()}
    return found


def _domain(url: str) -> str:
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])


def _overhear(
    code: int,
    _reason: str,
    _url: str,
    _method: str,
    headers: dict[str, str],
    body: str,
    _sent_headers: object,
    _sent_body: object,
) -> str:
    answer = listening.get()
    if answer is not None:
        answer.status, answer.code = code, _code(body)
        answer.headers = {name.lower(): value for name, value in headers.items()}
    return body.strip()


def _code(body: str) -> str | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return None if code is None else str(code)
