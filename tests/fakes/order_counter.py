"""A counter where orders are placed, on a ledger in memory, and a market that says what happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Rejected
from algotrendy.kernel.ids import (
    AccountId,
    CorrelationId,
    EventId,
    OrderId,
    SeededIds,
    TenantId,
    UserId,
    derived_uuid7,
)
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.price import Price, Quantity
from algotrendy.risk.limits import StrategyId, TradingState, parse_limits
from algotrendy.risk.records import LimitsVersion, StateChange
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account, part_of
from algotrendy.trading.booking import record
from algotrendy.trading.intake import Intake
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.opening import allocate, open_part
from algotrendy.trading.order_events import (
    Execution,
    OrderAccepted,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderSubmitted,
    OrderUpdated,
    Provenance,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Listing, Quote
from algotrendy.trading.risk_desk import RiskDesk, read_desk
from fakes.memory_ledger import MemoryLedger
from fakes.order_sagas import RecordedBell, RecordedSagas

ROOT = AccountId("paper")
NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
USD = Currency.USD
ADA = UserId("ada")
AAPL, MSFT, BTC = Symbol("AAPL"), Symbol("MSFT"), Symbol("BTC/USD")


def provenance(user: UserId = ADA, **more: Any) -> Provenance:
    return Provenance(correlation_id=CorrelationId("c1"), user=user, **more)


class OrderCounter:
    """An account of 100,000 with AAPL at 100, MSFT at 50 and BTC/USD at 20,000."""

    def __init__(
        self,
        cash: str | int = 100_000,
        *,
        broker: str = "alpaca",
        ledger: Ledger | None = None,
        **account: Any,
    ) -> None:
        self.ledger = MemoryLedger() if ledger is None else cast("MemoryLedger", ledger)
        self.clock = ManualClock(NOON)
        self.ids = SeededIds(1, self.clock)
        self.sagas, self.bell = RecordedSagas(), RecordedBell()
        self.pauses: list[float] = []
        self.on_pause: Callable[[], object] = lambda: None
        self.intake = Intake(
            self.ledger, self.sagas, self.bell, self.clock, self.ids, pause=self._pause
        )
        self.executions = 0
        given: dict[str, Any] = {"leverage": Decimal(1)}
        opened = Account(
            id=ROOT, tenant=TenantId("demo"), broker=broker, opened_at=NOON, **(given | account)
        )
        paid = entries.deposit(ROOT, "opening", NOON, Money.of(cash, USD))
        self.ledger.run(lambda tx: (tx.accounts.add(opened), tx.books.post(paid)))
        for symbol, kind, price in (
            (AAPL, AssetClass.EQUITY, "100"),
            (MSFT, AssetClass.EQUITY, "50"),
            (BTC, AssetClass.CRYPTO, "20000"),
        ):
            self.list(symbol, asset_class=kind, is_shortable=kind is AssetClass.EQUITY)
            self.quote(symbol, price)

    def list(self, symbol: Symbol, **facts: Any) -> None:
        given: dict[str, Any] = {
            "asset_class": AssetClass.EQUITY,
            "is_tradable": True,
            "is_shortable": True,
            "is_fractionable": True,
            "price_increment": None,
            "at": self.clock.now(),
        }
        listing = Listing(symbol=symbol, **(given | facts))
        self.ledger.run(lambda tx: tx.market.put_listings(ROOT, [listing]))

    def quote(
        self, symbol: Symbol, last: str, bid: str | None = None, ask: str | None = None
    ) -> None:
        quote = Quote(
            symbol=symbol,
            bid=None if bid is None else Decimal(bid),
            ask=None if ask is None else Decimal(ask),
            last=Decimal(last),
            at=self.clock.now(),
        )
        self.ledger.run(lambda tx: tx.market.put_quotes(ROOT, [quote]))

    def limit(self, strategy: str | None = None, **rules: Any) -> None:
        """Give the account its next limits, or one strategy of it."""
        known = self.ledger.run(lambda tx: tx.risk.limits(ROOT))
        document: dict[str, Any] = {"version": known.version + 1}
        if strategy is None:
            document["account"] = {"wash_trade_guard": False, **rules}
        else:
            document["strategies"] = [{"strategy": strategy, **rules}]
        version = LimitsVersion(
            account=ROOT, limits=parse_limits(document), by="ada", reason="", at=self.clock.now()
        )
        self.ledger.run(lambda tx: tx.risk.add_limits(version))

    def state(self, state: TradingState, strategy: StrategyId | None = None) -> None:
        change = StateChange(
            account=ROOT,
            state=state,
            by="ada",
            reason="",
            at=self.clock.now(),
            strategy=strategy,
        )
        self.ledger.run(lambda tx: tx.risk.set_trading_state(change))

    def part(self, strategy: str, cash: str | int = 0) -> AccountId:
        """Open a part, with cash of the account's."""
        part = part_of(ROOT, StrategyId(strategy))

        def work(tx: LedgerTransaction) -> None:
            open_part(tx, ROOT, StrategyId(strategy), self.clock.now())
            if Decimal(cash):
                allocate(tx, ROOT, part, Money.of(cash, USD), strategy, self.clock.now())

        self.ledger.run(work)
        return part

    def place(
        self, request: OrderRequest, account: AccountId = ROOT, user: UserId = ADA
    ) -> PlatformOrder:
        return self.intake.place(account, request, provenance(user))

    def refused(self, request: OrderRequest, account: AccountId = ROOT) -> dict[str, str]:
        """Place an order that must be refused; give what each limit allowed."""
        try:
            order = self.place(request, account)
        except Rejected as error:
            breaches = error.facts["breaches"]
            assert isinstance(breaches, list)
            return {each["limit"]: each["allowed"] for each in breaches}
        raise AssertionError(f"{order.id} was taken")

    def order(self, order: PlatformOrder) -> PlatformOrder:
        return self.ledger.run(lambda tx: tx.orders.get(order.id))

    def record(self, *events: OrderEvent) -> PlatformOrder:
        return self.ledger.run(lambda tx: record(tx, events)).after

    def event_id(self) -> EventId:
        return EventId(self.ids.next())

    def accept(self, order: PlatformOrder) -> PlatformOrder:
        """Let the broker have it."""
        now = self.clock.now()
        return self.record(
            OrderSubmitted(id=self.event_id(), order_id=order.id, at=now, epoch=1),
            OrderAccepted(
                id=self.event_id(),
                order_id=order.id,
                at=now,
                broker_order_id=f"b-{order.id}",
                status="new",
            ),
        )

    def told(self, order: PlatformOrder, status: str, **news: Any) -> PlatformOrder:
        now = self.clock.advance(timedelta(milliseconds=1))
        return self.record(
            OrderUpdated(id=self.event_id(), order_id=order.id, at=now, status=status, **news)
        )

    def fill(
        self, order: PlatformOrder, quantity: str | int | None = None, price: str | int = 100
    ) -> PlatformOrder:
        """Fill a part of an order, or what is left of it."""
        now = self.clock.advance(timedelta(milliseconds=1))
        self.executions += 1
        size = quantity if quantity is not None else str(self.order(order).remaining_quantity)
        execution = Execution(
            id=f"e{self.executions}",
            quantity=Quantity.of(size),
            price=Price.of(price, USD),
            at=now,
        )
        return self.record(
            OrderFilled(id=self.event_id(), order_id=order.id, at=now, execution=execution)
        )

    def trade(
        self, request: OrderRequest, price: str | int = 100, account: AccountId = ROOT
    ) -> PlatformOrder:
        """Place an order, and fill it whole."""
        return self.fill(self.accept(self.place(request, account)), price=price)

    def leg(self, entry: PlatformOrder, name: str, request: OrderRequest) -> PlatformOrder:
        """Adopt an exit that the broker told of."""
        now = entry.intended_at
        leg_id = OrderId(derived_uuid7(now, str(entry.id), "leg", name))
        return self.record(
            OrderIntended(
                id=self.event_id(),
                order_id=leg_id,
                at=now,
                account=entry.account,
                request=request,
                provenance=entry.provenance,
                reserved=Money.zero(USD),
                leg_of=entry.id,
            ),
            OrderAccepted(
                id=self.event_id(), order_id=leg_id, at=now, broker_order_id=name, status="held"
            ),
        )

    def held(self) -> Decimal:
        return self.desk().held().amount

    def desk(self) -> RiskDesk:
        return self.ledger.run(lambda tx: read_desk(tx, ROOT, self.clock.now()))

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        self.on_pause()
