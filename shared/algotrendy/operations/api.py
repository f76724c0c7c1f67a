"""Answer ``GET /docs`` and ``GET /openapi.json``."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html

from algotrendy.identity.app import create_guarded_app
from algotrendy.kernel.errors import NotFound
from algotrendy.operations import wiring
from algotrendy.operations.openapi import whole_api
from algotrendy.platform.probes import Checks, Spare

CAPABILITY = "operations"

# The page runs nothing but its own files; Swagger UI sets styles as it draws.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# From the npm package swagger-ui-dist, unchanged: the page loads nothing from elsewhere.
_SWAGGER_UI = Path(__file__).parent / "swagger_ui"
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


def create_api() -> FastAPI:
    """Make the app that shows the API."""
    checks: Checks = {
        "database": wiring.check_database,
        "outbox": Spare(wiring.oldest_event),
        "relay": Spare(wiring.last_relay),
    }
    app = create_guarded_app("AlgoTrendy", CAPABILITY, checks)

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        # Relative addresses: behind the emulator's gateway the API does not stand at the root.
        page = get_swagger_ui_html(
            openapi_url="openapi.json",
            title="AlgoTrendy API",
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon-32x32.png",
            swagger_ui_parameters={"persistAuthorization": True, "tryItOutEnabled": True},
        )
        page.headers["content-security-policy"] = _POLICY
        return page

    @app.get("/docs/{asset}", include_in_schema=False)
    def asset(asset: str) -> Response:
        if asset not in _ASSETS:
            raise NotFound("asset", asset, f"there are {', '.join(_ASSETS)}")
        return Response(
            (_SWAGGER_UI / asset).read_bytes(),
            media_type=_ASSETS[asset],
            headers={"cache-control": "public, max-age=86400"},
        )

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return Response(
            _document(),
            media_type="application/json",
            headers={"cache-control": "public, max-age=300"},
        )

    return app


@functools.cache
def _document() -> bytes:
    return json.dumps(whole_api(), separators=(",", ":")).encode()
