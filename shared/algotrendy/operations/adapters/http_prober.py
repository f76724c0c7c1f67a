"""Ask what is watched over HTTP, all at once, and never for longer than a limit."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from algotrendy.operations.status.components import Component, Door
from algotrendy.operations.status.judging import Reply

TIMEOUT_S = 8.0
MOST_BYTES = 1_000_000
AT_ONCE = 8
_HEADERS = {"Accept": "application/json", "User-Agent": "AlgoTrendy-status"}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: whoever redirects a probe is not what was asked."""


class HttpProber:
    """Is a ``Prober``.

    Args:
        doors: Gives the addresses as they are now; a component whose door has none is left out.
        monotonic: Seconds that never step.
        at_once: How many are asked at a time.
    """

    def __init__(
        self,
        doors: Callable[[], Mapping[Door, str]],
        monotonic: Callable[[], float] = time.monotonic,
        timeout_s: float = TIMEOUT_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._doors = doors
        self._monotonic = monotonic
        self._timeout_s = timeout_s
        self._at_once = at_once
        # No proxy: it would answer for what is not there. And nothing that is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def ask(self, components: Sequence[Component]) -> Mapping[str, Reply]:
        """Give the reply by component; what several ask for is asked for once."""
        doors = self._doors()
        asked = {
            each.id: doors[each.door].rstrip("/") + each.path
            for each in components
            if each.door in doors
        }
        urls = sorted(set(asked.values()))
        with ThreadPoolExecutor(self._at_once) as pool:
            replies = dict(zip(urls, pool.map(self._get, urls), strict=True))
        return {name: replies[url] for name, url in asked.items()}

    def _get(self, url: str) -> Reply:
        started = self._monotonic()
        request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310 - from the settings
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return self._read(answer, answer.status, started)
        except urllib.error.HTTPError as error:
            with error:
                return self._read(error, error.code, started)
        except TimeoutError:
            return self._nothing(started, f"no answer in {self._timeout_s:g} s")
        except urllib.error.URLError as error:
            is_late = isinstance(error.reason, TimeoutError)
            reason = f"no answer in {self._timeout_s:g} s" if is_late else "cannot be reached"
            return self._nothing(started, reason)
        except (OSError, http.client.HTTPException, ValueError):
            return self._nothing(started, "cannot be reached")

    def _read(self, answer: Any, status: int, started: float) -> Reply:
        body = bytearray()
        try:
            while chunk := answer.read1(65_536):
                body += chunk
                # A server that drips would keep the reader for ever: each read has its own limit.
                if self._monotonic() - started > self._timeout_s:
                    return self._nothing(started, f"no whole answer in {self._timeout_s:g} s")
                if len(body) > MOST_BYTES:
                    return self._nothing(started, "answers without an end")
        except (OSError, http.client.HTTPException):
            return self._nothing(started, "the answer broke off")
        if getattr(answer, "length", None):
            return self._nothing(started, "the answer broke off")
        return Reply(status, bytes(body), self._monotonic() - started)

    def _nothing(self, started: float, reason: str) -> Reply:
        return Reply(None, b"", self._monotonic() - started, reason)
