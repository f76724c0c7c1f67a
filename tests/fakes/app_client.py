"""Call an ASGI app in process with httpx, from a plain test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx


class AppClient:
    """Sends requests straight to an app; what the app raises becomes its answer, as in the cloud.

    (Starlette's own client warns that it wants another httpx, and here a warning is an error.)
    """

    def __init__(self, app: Any, headers: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._headers = dict(headers or {})

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; options are those of ``httpx.request``."""
        return asyncio.run(self._send(method, path, options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **options)

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://app.test", headers=self._headers
        ) as client:
            return await client.request(method, path, **options)
