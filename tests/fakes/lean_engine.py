"""Run a LEAN algorithm's text for real, on a stand-in for as much of LEAN as the bridge uses.

``AlgorithmImports`` is made here; names and their meaning are LEAN's Python API.
"""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from algotrendy.brokers.quantconnect import lean_bridge_path
from fakes.lean_market import Kind, PaperMarket, PaperOrder, Status

_imports = threading.Lock()


class Response:
    """What a request to change an order came to."""

    def __init__(self, error: str | None) -> None:
        self.is_error = error is not None
        self.error_message = error or ""


class Ticket:
    """What an algorithm holds of an order."""

    def __init__(self, market: PaperMarket, order: PaperOrder, error: str | None = None) -> None:
        self._market = market
        self._order = order
        self._error = error
        self.submit_request = SimpleNamespace(response=Response(error))

    @property
    def order_id(self) -> int:
        return self._order.id

    @property
    def tag(self) -> str:
        return self._order.tag

    @property
    def status(self) -> Status:
        return Status.INVALID if self._error else self._order.status

    def update(self, fields: Any) -> Response:
        names = {"quantity": "quantity", "limit_price": "limit", "stop_price": "stop"}
        changes: dict[str, Any] = {
            to: Decimal(str(value))
            for name, to in names.items()
            if (value := getattr(fields, name)) is not None
        }
        if fields.tag is not None:
            changes["tag"] = fields.tag
        return Response(self._market.update(self._order, **changes))

    def cancel(self) -> Response:
        return Response(self._market.cancel(self._order))


class ObjectStore:
    """Texts that outlive a deployment."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def contains_key(self, key: str) -> bool:
        return key in self.texts

    def read(self, key: str) -> str:
        return self.texts[key]

    def save(self, key: str, text: str) -> bool:
        self.texts[key] = text
        return True


class QCAlgorithm:
    """The base class of algorithms; a deployment puts the market into it."""

    market: PaperMarket
    project_id: int
    object_store: ObjectStore
    logged: list[str]
    brokerage_model: object = None

    def log(self, line: str) -> None:
        self.logged.append(line)

    def set_security_initializer(self, initializer: object) -> None:
        """Take how securities begin; prices are there from the first moment here."""

    def set_benchmark(self, benchmark: object) -> None:
        """Take what to compare with; nothing is compared here."""

    def get_last_known_prices(self, security: object) -> list[object]:
        return []

    def add_equity(self, ticker: str, resolution: object = None) -> Any:
        return SimpleNamespace(symbol=ticker)

    @property
    def securities(self) -> Any:
        market = self.market

        class Securities:
            def __getitem__(self, ticker: str) -> Any:
                return SimpleNamespace(price=float(market.price(ticker)))

        return Securities()

    @property
    def transactions(self) -> Any:
        tickets = [Ticket(self.market, order) for order in self.market.orders.values()]
        return SimpleNamespace(get_order_tickets=lambda: tickets)

    def market_order(
        self, symbol: str, quantity: float, asynchronous: bool = False, **terms: Any
    ) -> Ticket:
        return self.lean_place(Kind.MARKET, symbol, quantity, **terms)

    def limit_order(self, symbol: str, quantity: float, limit_price: float, **terms: Any) -> Ticket:
        return self.lean_place(Kind.LIMIT, symbol, quantity, limit=limit_price, **terms)

    def stop_market_order(
        self, symbol: str, quantity: float, stop_price: float, **terms: Any
    ) -> Ticket:
        return self.lean_place(Kind.STOP_MARKET, symbol, quantity, stop=stop_price, **terms)

    def stop_limit_order(
        self, symbol: str, quantity: float, stop_price: float, limit_price: float, **terms: Any
    ) -> Ticket:
        return self.lean_place(
            Kind.STOP_LIMIT, symbol, quantity, stop=stop_price, limit=limit_price, **terms
        )

    def lean_place(
        self,
        kind: Kind,
        symbol: str,
        quantity: float,
        tag: str = "",
        order_properties: Any = None,
        limit: float | None = None,
        stop: float | None = None,
    ) -> Ticket:
        order = PaperOrder(
            id=0,
            symbol=symbol,
            kind=kind,
            quantity=_decimal(quantity),
            tag=tag,
            is_day=order_properties.time_in_force == TimeInForce.DAY,
            created=self.market.now(),
            limit=None if limit is None else _decimal(limit),
            stop=None if stop is None else _decimal(stop),
        )
        if not order.quantity:
            return Ticket(self.market, order, "Unable to submit order with zero quantity")
        self.market.submit(order)
        return Ticket(self.market, order)


class TimeInForce:
    """How long orders stand."""

    DAY = "day"
    GOOD_TIL_CANCELED = "gtc"


class Deployment:
    """A running algorithm."""

    def __init__(
        self,
        text: str,
        project_id: int,
        deploy_id: str,
        market: PaperMarket,
        store: ObjectStore,
        now: datetime,
    ) -> None:
        self.project_id = project_id
        self.deploy_id = deploy_id
        self.market = market
        self.launched = now
        self.stopped: datetime | None = None
        self.status = "Running"
        self.brokerage = "PaperBrokerage"
        self.snapshot: list[dict[str, Any]] | None = None
        self.logged: list[str] = []
        self._algorithm = _algorithm(text)
        self._algorithm.market = market
        self._algorithm.project_id = project_id
        self._algorithm.object_store = store
        self._algorithm.logged = self.logged
        self._algorithm.initialize()

    def command(self, data: dict[str, Any]) -> Any:
        """Hand a command to the algorithm; its keys are members there."""
        return self._algorithm.on_command(SimpleNamespace(**data))

    def orders(self) -> list[dict[str, Any]]:
        """Give the orders, as young as the last snapshot."""
        if self.snapshot is not None:
            return self.snapshot
        return [order.as_json() for order in self.market.orders.values()]


def _algorithm(text: str) -> Any:
    module = ModuleType("AlgorithmImports")
    module.__dict__.update(
        QCAlgorithm=QCAlgorithm,
        TimeInForce=TimeInForce,
        OrderStatus=Status,
        OrderProperties=lambda: SimpleNamespace(time_in_force=None),
        UpdateOrderFields=lambda: SimpleNamespace(
            quantity=None, limit_price=None, stop_price=None, tag=None
        ),
        Resolution=SimpleNamespace(SECOND="second"),
        FuncSecuritySeeder=lambda source: source,
        BrokerageModelSecurityInitializer=lambda model, seeder: seeder,
    )
    names: dict[str, Any] = {"__name__": "main"}
    with _imports:
        sys.modules["AlgorithmImports"] = module
        try:
            exec(compile(text, _origin(text), "exec"), names)
        finally:
            del sys.modules["AlgorithmImports"]
    for thing in names.values():
        if isinstance(thing, type) and issubclass(thing, QCAlgorithm) and thing is not QCAlgorithm:
            return thing()
    raise ValueError("the project has no QCAlgorithm")


def _origin(text: str) -> str:
    # So that tracebacks and coverage show the bridge in its own file.
    path: Path = lean_bridge_path()
    return str(path) if path.read_text(encoding="utf-8") == text else "main.py"


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
