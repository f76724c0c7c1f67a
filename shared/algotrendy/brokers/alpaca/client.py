"""Make alpaca-py's client do each request once, within a time, and keep every digit.

The only module, beside the stream, that imports alpaca-py. As it comes, it sends an order again
after 429 and 504, waits for an answer without end, and reads numbers as floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import requests
from alpaca.trading.client import TradingClient
from urllib3.exceptions import NewConnectionError

from algotrendy.brokers.alpaca.wire import NeverSent, Wire, sending_while


class NoAnswer(Exception):  # noqa: N818
    """Says that the request may have been heard, and that no answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    json: Any


class OnceClient(TradingClient):
    """alpaca-py's client without its retries; one for a thread, as its session is."""

    def __init__(
        self,
        key_id: str,
        secret: str,
        url: str,
        timeout_s: tuple[float, float],
        *,
        paper: bool,
        version: str = "v2",
    ) -> None:
        super().__init__(key_id, secret, paper=paper, raw_data=True, url_override=url)
        self._api_version = version
        self._retry = 0
        self._retry_codes = []
        self._timeout_s = timeout_s
        # No proxy, no .netrc: what reaches a broker is what the settings say.
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Wire())

    def ask(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """Send one request once.

        Args:
            may_send: Asked before connecting, and again right before the request leaves.

        Raises:
            NeverSent: If there was no connection, or no leave to send any more.
            NoAnswer: If the connection broke, or no whole answer came in time.
        """
        with sending_while(may_send):
            return cast("Answer", self._request(method, path, dict(data or {})))

    def close(self) -> None:
        """End the session's connections."""
        self._session.close()

    def _one_request(
        self,
        method: str,
        url: str,
        opts: dict[str, Any],
        retry: int,  # noqa: ARG002 - alpaca-py's own, which is none here
    ) -> Any:
        try:
            response = self._session.request(method, url, timeout=self._timeout_s, **opts)
        except requests.exceptions.ConnectTimeout as error:
            raise NeverSent(_no_connection(error)) from error
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, NewConnectionError):
                raise NeverSent(_no_connection(error)) from error
            raise NoAnswer(_words(error)) from error
        except requests.exceptions.RequestException as error:
            raise NoAnswer(_words(error)) from error
        return Answer(response.status_code, response.headers, _json_of(response))


def _json_of(response: requests.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json(parse_float=Decimal)
    except ValueError:
        return response.text[:200]


def _no_connection(error: Exception) -> str:
    return f"no connection ({_words(error)})"


def _words(error: Exception) -> str:
    return type(error).__name__
