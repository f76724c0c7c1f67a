"""Make the app that speaks Alpaca's protocols, on one host and port."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, WebSocket

from algotrendy.exchange.alpaca_api import hostile, market_socket, updates_socket
from algotrendy.exchange.alpaca_api.account import add_account
from algotrendy.exchange.alpaca_api.assets import add_assets
from algotrendy.exchange.alpaca_api.clock import add_clock
from algotrendy.exchange.alpaca_api.connection import deny
from algotrendy.exchange.alpaca_api.control import add_control
from algotrendy.exchange.alpaca_api.docs import add_docs
from algotrendy.exchange.alpaca_api.market_history import add_market_data
from algotrendy.exchange.alpaca_api.orders import add_orders
from algotrendy.exchange.alpaca_api.positions import add_positions
from algotrendy.exchange.alpaca_api.prior_closes import PriorCloses
from algotrendy.exchange.alpaca_api.problems import answer_in_alpacas_shape, refusal
from algotrendy.exchange.alpaca_api.routes import Routes, Shortcut
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.refusal import Reason

_DESCRIPTION: Final = """\
A paper exchange that speaks Alpaca's REST and WebSocket protocols. Point a client of Alpaca's at
this host, for trading and for market data alike.

Errors are `{"code": ..., "message": ...}`, with Alpaca's numbers. Routes under `/exchange` control
the exchange itself and ask for no keys.
"""


def create_app(floor: Floor) -> FastAPI:
    """Make the app of an exchange; whoever serves it starts and stops the floor."""
    app = FastAPI(
        title="AlgoTrendy paper exchange",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    answer_in_alpacas_shape(app)
    routes = Routes(app, floor)
    add_orders(routes, floor)
    add_positions(routes, floor, PriorCloses(floor.market, floor.calendar))
    add_account(routes, floor)
    add_assets(routes, floor)
    add_clock(routes, floor)
    add_market_data(routes, floor)
    add_control(routes, floor)
    app.include_router(hostile.router(floor))
    add_docs(app)
    _add_sockets(app, floor)
    # Outside of all else: breaking a connection needs the server's own receive.
    inner = Shortcut(app.build_middleware_stack(), routes.exact)
    app.middleware_stack = hostile.HostileMiddleware(inner, floor)
    return app


def _add_sockets(app: FastAPI, floor: Floor) -> None:
    @app.websocket("/stream")
    async def updates(websocket: WebSocket) -> None:
        await updates_socket.serve(websocket, floor)

    @app.websocket("/v2/{feed}")
    async def stocks(websocket: WebSocket, feed: str) -> None:
        await market_socket.serve(websocket, floor, feed)

    @app.websocket("/v1beta3/crypto/us")
    async def crypto(websocket: WebSocket) -> None:
        await market_socket.serve(websocket, floor, "us")

    @app.websocket("/{path:path}")
    async def unknown(websocket: WebSocket) -> None:
        await deny(websocket, refusal(Reason.NOT_FOUND, "endpoint not found"))
