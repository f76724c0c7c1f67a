"""Keep what losses are measured from in step with time, prices and cash that moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId
from algotrendy.market_data.calendar import NEW_YORK
from algotrendy.risk.records import Marks
from algotrendy.trading.accounts import root_of, strategy_of
from algotrendy.trading.ledger import LedgerTransaction

_ZONE = ZoneInfo(NEW_YORK)


def market_day(now: datetime) -> date:
    """Give the day that it is in New York."""
    return now.astimezone(_ZONE).date()


def after(marks: Marks, equity: Decimal, now: datetime) -> Marks:
    """Give the marks as they are after a look at the equity."""
    day = market_day(now)
    # A clock that steps back must not begin a day anew.
    start = equity if day > marks.day else marks.day_start
    peak = max(marks.peak, equity)
    return replace(marks, day=max(day, marks.day), day_start=start, peak=peak)


def move_cash(tx: LedgerTransaction, account: AccountId, amount: Decimal) -> None:
    """Take over that cash came into an account or a part, or left it: no profit, and no loss.

    The account itself stands for all its parts: only what comes from outside changes its marks.
    """
    marks = tx.risk.marks(root_of(account)).get(strategy_of(account))
    if marks is not None:
        start, peak = EXACT.add(marks.day_start, amount), EXACT.add(marks.peak, amount)
        tx.risk.put_marks(replace(marks, day_start=start, peak=peak))
