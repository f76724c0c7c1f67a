"""Answer for accounts and positions: what there is, parts for strategies, cash between them."""

from __future__ import annotations

from functools import reduce
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.ids import Ids, parse_account_id
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.kernel.money import Money
from algotrendy.risk.limits import StrategyId
from algotrendy.trading import queries
from algotrendy.trading.accounts import Protection, part_of, strategy_of
from algotrendy.trading.api import access
from algotrendy.trading.api.access import (
    AccountName,
    Books,
    Caller,
    NeededKey,
    NewIds,
    RiskManager,
    Time,
    Viewer,
)
from algotrendy.trading.api.account_views import (
    AccountOut,
    AccountsOut,
    PositionsOut,
    account_out,
    position_out,
)
from algotrendy.trading.api.values import Body as Wish
from algotrendy.trading.api.values import DecimalIn, example
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.lots import LotMethod
from algotrendy.trading.parts import Act, PartWish, add_part, transfer
from algotrendy.trading.queries import Overview

router = APIRouter(prefix="/v1", tags=[access.CAPABILITY])

_Reason = Annotated[str, Field(max_length=500, description="Kept in the audit.")]
_PART_EXAMPLES: Any = {
    "part": example({"account": "paper", "strategy": "trend", "cash": "10000"}),
}
_TRANSFER_EXAMPLES: Any = {
    "back": example({"source": "paper/trend", "target": "paper", "amount": "2500"}),
}


class PartIn(Wish):
    """A part of an account for a strategy; what is left out is as of the account."""

    account: str = Field(description="The whole account.")
    strategy: Annotated[str, Field(min_length=1, max_length=128)]
    cash: DecimalIn | None = Field(None, description="What it gets of the account's free cash.")
    lot_method: LotMethod | None = None
    protection: Protection | None = None
    approval_above: DecimalIn | None = Field(
        None, description="An order of more than this waits for a person."
    )
    reason: _Reason = ""


class TransferIn(Wish):
    """Cash that goes between an account and its parts."""

    source: str
    target: str
    amount: DecimalIn
    reason: _Reason = ""


class TransferOut(BaseModel):
    """Both sides of a transfer, after it."""

    source: AccountOut
    target: AccountOut


@router.get("/accounts")
def list_accounts(viewer: Viewer, books: Books) -> AccountsOut:
    """List the accounts of the caller's tenant and their parts, each with its money."""
    found = books.run(lambda tx: queries.overviews(tx, viewer.reach))
    return AccountsOut(accounts=[account_out(each, _whole(each, found)) for each in found])


@router.post("/accounts", status_code=201)
def add_account_part(
    body: Annotated[PartIn, Body(openapi_examples=_PART_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    time: Time,
    ids: NewIds,
    response: Response,
    idempotency_key: NeededKey,
) -> AccountOut:
    """Give a strategy a part of an account; it nets with the others at the broker.

    The accounts themselves are settings of the deployment.
    """
    root = access.whole_account_of(body.account)
    part = part_of(root, StrategyId(body.strategy))
    act = _act(manager, time, ids, idempotency_key, body.reason)

    def work(tx: LedgerTransaction) -> AccountOut:
        currency = queries.require_account(tx, manager.reach, root).currency
        wish = PartWish(
            root=root,
            strategy=StrategyId(body.strategy),
            cash=None if body.cash is None else Money(body.cash, currency),
            lot_method=body.lot_method,
            protection=body.protection,
            approval_above=None
            if body.approval_above is None
            else Money(body.approval_above, currency),
        )
        add_part(tx, act, wish)
        return _named(tx, manager, part)

    made = books.run(work)
    response.headers["location"] = "/v1/accounts"
    return made


@router.post("/transfers", status_code=201)
def transfer_cash(
    body: Annotated[TransferIn, Body(openapi_examples=_TRANSFER_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    time: Time,
    ids: NewIds,
    idempotency_key: NeededKey,
) -> TransferOut:
    """Move cash between an account and its parts: for neither a profit nor a loss."""
    source = parse_account_id(body.source, "source")
    target = parse_account_id(body.target, "target")
    act = _act(manager, time, ids, idempotency_key, body.reason)

    def work(tx: LedgerTransaction) -> TransferOut:
        currency = queries.require_account(tx, manager.reach, source).currency
        transfer(tx, act, source, target, Money(body.amount, currency))
        return TransferOut(source=_named(tx, manager, source), target=_named(tx, manager, target))

    return books.run(work)


@router.get("/positions")
def list_positions(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    symbol: Annotated[str | None, Query(description="Only of this symbol.")] = None,
) -> PositionsOut:
    """Tell what an account with its parts holds, or one part: units, cost, value, tax lots."""
    asked = access.account_of(account)
    wanted = None if symbol is None else parse_symbol(symbol)
    found = books.run(lambda tx: queries.holdings(tx, viewer.reach, asked, wanted))
    return PositionsOut(positions=[position_out(each) for each in found])


def _act(manager: Caller, time: Clock, ids: Ids, key: str, reason: str) -> Act:
    return Act(
        id=ids.next(),
        reach=manager.reach,
        who=access.name_of(manager),
        at=time.now(),
        reference=key,
        reason=reason,
    )


def _named(tx: LedgerTransaction, caller: Caller, account: str) -> AccountOut:
    found = queries.overviews(tx, caller.reach)
    one = next(each for each in found if each.account.id == account)
    return account_out(one, _whole(one, found))


def _whole(overview: Overview, found: tuple[Overview, ...]) -> Overview | None:
    root = overview.account.id
    if strategy_of(root) is not None:
        return None
    parts = (each for each in found if each.account.strategy and each.account.root == root)
    return reduce(Overview.with_part, parts, overview)
