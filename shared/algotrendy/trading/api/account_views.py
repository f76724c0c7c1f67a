"""Show accounts, what they hold, and what their books say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import Protection
from algotrendy.trading.api.values import DecimalOut
from algotrendy.trading.journal import Book, Entry, EntryKind, Units
from algotrendy.trading.ledger import AuditRecord, Document
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod
from algotrendy.trading.queries import Holding, Overview

_NEXT = "Ask for the next page with it; null at the end."


class MoneyOut(BaseModel):
    """What books add up to, in the account's currency."""

    cash: DecimalOut = Field(description="Free to spend; below zero when borrowed.")
    held: DecimalOut = Field(description="Set aside for open orders.")
    value: DecimalOut = Field(description="Of the positions that have a price, shorts below zero.")
    equity: DecimalOut = Field(description="All cash, and the value.")
    realised: DecimalOut = Field(description="Profit of what was closed, before fees.")
    fees: DecimalOut
    dividends: DecimalOut
    interest: DecimalOut
    unpriced: list[str] = Field(description="Held, and without a known price.")


class AccountOut(MoneyOut):
    """An account or a part of one: how it is set, and where its money is.

    The numbers are its own. ``whole`` adds the parts up, and stands at accounts alone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "paper/trend",
                    "account": "paper",
                    "strategy": "trend",
                    "broker": "alpaca",
                    "currency": "USD",
                    "leverage": "2",
                    "lot_method": "fifo",
                    "protection": "reprotect",
                    "approval_above": None,
                    "opened_at": "2026-11-22T12:00:00Z",
                    "cash": "8128.5",
                    "held": "0",
                    "value": "1871.5",
                    "equity": "10000",
                    "realised": "0",
                    "fees": "0",
                    "dividends": "0",
                    "interest": "0",
                    "unpriced": [],
                    "whole": None,
                }
            ]
        }
    )

    id: str
    account: str = Field(description="The account at the broker.")
    strategy: str | None = Field(description="Whose part it is; null for the account itself.")
    broker: str
    currency: str
    leverage: DecimalOut
    lot_method: LotMethod
    protection: Protection
    approval_above: DecimalOut | None = Field(
        description="An order of more than this waits for a person."
    )
    opened_at: datetime
    whole: MoneyOut | None


class AccountsOut(BaseModel):
    """Every account and part of the caller's tenant, by id."""

    accounts: list[AccountOut]


class LotOut(BaseModel):
    """Units that were opened together."""

    execution_id: str
    opened_at: datetime
    quantity: DecimalOut
    cost: DecimalOut


class PositionOut(BaseModel):
    """What one account or part holds of a symbol; below zero for a short."""

    account: str
    symbol: str
    quantity: DecimalOut
    cost: DecimalOut = Field(description="Of the sign of the quantity, fees apart.")
    currency: str
    price: DecimalOut | None = Field(description="The last that is known.")
    priced_at: datetime | None
    value: DecimalOut | None
    unrealised: DecimalOut | None = Field(description="Value less cost.")
    lots: list[LotOut] = Field(description="Oldest first.")


class PositionsOut(BaseModel):
    """Positions, by account and symbol."""

    positions: list[PositionOut]


class ClosedLotOut(BaseModel):
    """A lot, or a part of one, that a trade closed."""

    symbol: str
    opened_by: str
    closed_by: str
    opened_at: datetime
    closed_at: datetime
    quantity: DecimalOut = Field(description="Above zero where a long was sold.")
    cost: DecimalOut
    proceeds: DecimalOut
    profit: DecimalOut = Field(description="Before fees.")
    currency: str


class ClosedLotsOut(BaseModel):
    """Closed lots, newest first."""

    lots: list[ClosedLotOut]
    next_cursor: str | None = Field(description=_NEXT)


class PostingOut(BaseModel):
    """What goes into one book, or out of it where it is below zero."""

    book: Book
    amount: DecimalOut
    currency: str | None = Field(description="Null where the amount is in units of the symbol.")
    symbol: str | None


class ActivityOut(BaseModel):
    """An entry of the journal; over its postings each currency sums to zero, and each symbol."""

    key: str
    kind: EntryKind
    account: str
    at: datetime
    reason: str
    reverses: str | None
    postings: list[PostingOut]


class ActivitiesOut(BaseModel):
    """Entries of the journal, newest first."""

    activities: list[ActivityOut]
    next_cursor: str | None = Field(description=_NEXT)


class RecordOut(BaseModel):
    """A record that is read as a whole."""

    id: str
    account: str
    at: datetime
    is_open: bool = Field(description="Somebody has to act on it.")
    report: dict[str, Any]


class RecordsOut(BaseModel):
    """Records, newest first."""

    reconciliations: list[RecordOut]
    next_cursor: str | None = Field(description=_NEXT)


class AuditOut(BaseModel):
    """Who did what, and why."""

    id: str
    account: str
    at: datetime
    who: str
    action: str
    subject: str
    reason: str
    facts: dict[str, Any]


class AuditsOut(BaseModel):
    """What people did, newest first."""

    records: list[AuditOut]
    next_cursor: str | None = Field(description=_NEXT)


def account_out(overview: Overview, whole: Overview | None = None) -> AccountOut:
    """Show an account or part."""
    account = overview.account
    above = account.approval_above
    return AccountOut(
        id=account.id,
        account=account.root,
        strategy=account.strategy,
        broker=account.broker,
        currency=account.currency.value,
        leverage=account.leverage,
        lot_method=account.lot_method,
        protection=account.protection,
        approval_above=None if above is None else above.amount,
        opened_at=account.opened_at,
        whole=None if whole is None else MoneyOut(**_money(whole)),
        **_money(overview),
    )


def position_out(holding: Holding) -> PositionOut:
    """Show what is held of a symbol."""
    position, quote = holding.position, holding.quote
    value, unrealised = holding.value, holding.unrealised
    return PositionOut(
        account=holding.account,
        symbol=position.symbol,
        quantity=position.quantity,
        cost=position.cost.amount,
        currency=position.cost.currency.value,
        price=None if quote is None else quote.last,
        priced_at=None if quote is None else quote.at,
        value=None if value is None else value.amount,
        unrealised=None if unrealised is None else unrealised.amount,
        lots=[_lot(lot) for lot in holding.lots],
    )


def closed_lot_out(symbol: Symbol, lot: ClosedLot) -> ClosedLotOut:
    """Show what a trade closed."""
    return ClosedLotOut(
        symbol=symbol,
        opened_by=lot.lot_id,
        closed_by=lot.closed_by,
        opened_at=lot.opened_at,
        closed_at=lot.closed_at,
        quantity=lot.quantity,
        cost=lot.cost.amount,
        proceeds=lot.proceeds.amount,
        profit=lot.profit.amount,
        currency=lot.cost.currency.value,
    )


def activity_out(entry: Entry) -> ActivityOut:
    """Show an entry of the journal."""
    return ActivityOut(
        key=entry.key,
        kind=entry.kind,
        account=entry.account,
        at=entry.at,
        reason=entry.reason,
        reverses=entry.reverses,
        postings=[
            PostingOut(
                book=each.book,
                amount=each.value,
                currency=None if isinstance(each.amount, Units) else each.amount.currency.value,
                symbol=each.symbol,
            )
            for each in entry.postings
        ],
    )


def record_out(document: Document) -> RecordOut:
    """Show a record."""
    return RecordOut(
        id=str(document.id),
        account=document.account,
        at=document.at,
        is_open=document.is_open,
        report=dict(document.body),
    )


def audit_out(record: AuditRecord) -> AuditOut:
    """Show what somebody did."""
    return AuditOut(
        id=str(record.id),
        account=record.account,
        at=record.at,
        who=record.who,
        action=record.action,
        subject=record.subject,
        reason=record.reason,
        facts=dict(record.facts),
    )


def _money(overview: Overview) -> dict[str, Any]:
    return {
        "cash": overview.cash.amount,
        "held": overview.held.amount,
        "value": overview.value.amount,
        "equity": overview.equity.amount,
        "realised": overview.realised.amount,
        "fees": overview.fees.amount,
        "dividends": overview.dividends.amount,
        "interest": overview.interest.amount,
        "unpriced": list(overview.unpriced),
    }


def _lot(lot: Lot) -> LotOut:
    return LotOut(
        execution_id=lot.id, opened_at=lot.opened_at, quantity=lot.quantity, cost=lot.cost.amount
    )
