"""An account with a past: trades, parts, limits, orders in every state, a parent order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from algotrendy.kernel.money import Currency, Money
from algotrendy.trading.ledger import Document
from api_examples.asking import CORRELATION_ID, EVERY_ROLE, Ask
from fakes.access_in_memory import AccessInMemory
from fakes.order_counter import AAPL, MSFT, NOON, ROOT, OrderCounter
from fakes.risk_desk import buy, sell
from fakes.trading_api import TradingApi

_PARENT = {
    "account": "paper",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "600",
    "style": "twap",
    "slices": 6,
    "ends_at": "2026-11-23T19:00:00Z",
}
_PAPER = {"account": "paper"}

ASKS: dict[str, Ask] = {
    "place_order": Ask(),
    "list_orders": Ask(query=_PAPER),
    "get_order": Ask({"order_id": "filled"}),
    "replace_order": Ask({"order_id": "open"}),
    "cancel_order": Ask({"order_id": "open"}, {"reason": "prices look wrong"}),
    "decide_approval": Ask({"order_id": "waiting"}),
    "place_parent_order": Ask(),
    "list_parent_orders": Ask(query=_PAPER),
    "get_parent_order": Ask({"parent_id": "parent"}),
    "pause_parent_order": Ask({"parent_id": "parent"}, body={"paused": True, "reason": "news"}),
    "cancel_parent_order": Ask({"parent_id": "parent"}, {"reason": "enough"}),
    "list_accounts": Ask(),
    "add_account_part": Ask(),
    "transfer_cash": Ask(),
    "list_positions": Ask(query=_PAPER),
    "list_fills": Ask(query=_PAPER),
    "list_activities": Ask(query=_PAPER),
    "list_closed_lots": Ask(query=_PAPER),
    "list_reconciliations": Ask(query=_PAPER),
    "list_audit": Ask(query=_PAPER),
    "get_limits": Ask(query=_PAPER),
    "set_limits": Ask(query=_PAPER),
    "list_limits_versions": Ask(query=_PAPER),
    "get_trading_state": Ask(query=_PAPER),
    "set_trading_state": Ask(query=_PAPER),
    "list_kill_switches": Ask(query=_PAPER),
    "pull_kill_switch": Ask(query=_PAPER),
    "release_kill_switch": Ask({"switch_id": "switch"}, {**_PAPER, "reason": "the news was false"}),
    "get_risk": Ask(query=_PAPER),
    "get_account_access": Ask({"account": "paper"}),
    "set_account_access": Ask({"account": "paper"}),
    "reopen_account": Ask(
        {"account": "paper"}, {"version": "0", "reason": "the whole desk trades it again"}
    ),
}


class TradingWorld:
    """Has an account of a million that has traded, at noon in New York."""

    def __init__(self) -> None:
        self._api = TradingApi()
        self._client = self._api.client(*EVERY_ROLE)
        self.things: dict[str, str] = {}
        self.renew()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, as somebody with every role."""
        return self._client.request(method, path, **options)

    def renew(self) -> None:
        """Give the account its past again."""
        above = Money.of(250_000, Currency.USD)
        counter = OrderCounter(1_000_000, approval_above=above)
        self._api.counter, self._api.ledger = counter, counter.ledger
        self._api.lists = AccessInMemory()
        counter.quote(AAPL, "187.15", "187.14", "187.16")
        # Of another symbol than what the examples sell: no account trades with itself.
        counter.quote(MSFT, "187.15")
        counter.part("sma_cross", 10_000)
        counter.part("trend", 10_000)
        counter.trade(buy("1200"), price="187.15")
        sold = counter.trade(sell("100"), price="187.40")
        note = Document(
            kind="reconciliation",
            id=UUID("01936b1e-0000-7000-8000-000000000001"),
            account=ROOT,
            at=NOON,
            is_open=True,
            body={"kind": "cash", "ours": "1000.00", "theirs": "1000.12"},
        )
        counter.ledger.run(lambda tx: tx.documents.put(note))
        standing = counter.accept(counter.place(buy("10", MSFT, limit_price="180.00")))
        waiting = counter.place(buy("1500", MSFT, limit_price="180.00"))
        switch = {"flatten": False, "reason": "before the numbers", "at": "2026-11-23T21:00:00Z"}
        self.things |= {
            "filled": str(sold.id),
            "open": str(standing.id),
            "waiting": str(waiting.id),
            "parent": self._made("/v1/parent-orders", _PARENT),
            "switch": self._made("/v1/kill-switch?account=paper", switch),
        }

    def _made(self, path: str, body: dict[str, Any]) -> str:
        headers = {"x-correlation-id": CORRELATION_ID}
        answer = self.send("POST", path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])
