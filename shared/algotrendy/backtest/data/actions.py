"""Write down what a company did to its shares: dividends, splits, and the end of its listing."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan, nan
from typing import Any, Final, NamedTuple

import numpy as np

from algotrendy.backtest.data.moments import Moment, in_words, to_ns
from algotrendy.kernel.errors import Invalid

DIVIDEND: Final = 1
SPLIT: Final = 2
DELISTED: Final = 3

ACTION: Final = np.dtype([("time", "i8"), ("kind", "i8"), ("value", "f8")])
"""One action: ``time`` in nanoseconds since 1970 UTC, ``kind`` and ``value`` as in ``Action``."""

Actions = np.ndarray[Any, np.dtype[np.void]]

_KINDS: Final = {
    DIVIDEND: ("dividend", "finite cash above 0 a share"),
    SPLIT: ("split", "a finite ratio of new to old shares above 0"),
    DELISTED: ("delisting", "a finite price of at least 0, or NaN for the last close"),
}


class Action(NamedTuple):
    """One action of a company.

    Attributes:
        time: It takes effect before the first bar that begins at or after this moment;
            nanoseconds since 1970 UTC.
        kind: ``DIVIDEND``, ``SPLIT`` or ``DELISTED``.
        value: Cash a share in the currency of the asset; new shares for one old one; or the price
            that a holder gets at the end of the listing, NaN for the last close.
    """

    time: int
    kind: int
    value: float


def dividend(ex_date: Moment, cash: float) -> Action:
    """Pay cash a share to who holds it when the ex-date begins."""
    return Action(to_ns(ex_date, "dividend.ex_date"), DIVIDEND, float(cash))


def split(ex_date: Moment, new: float, old: float = 1.0) -> Action:
    """Make ``new`` shares of every ``old`` ones when the ex-date begins."""
    for name, shares in (("new", new), ("old", old)):
        if not (isfinite(shares) and shares > 0):
            raise Invalid(f"split.{name}", "a finite number above 0", shares)
    return Action(to_ns(ex_date, "split.ex_date"), SPLIT, new / old)


def delisting(time: Moment, recovery: float = nan) -> Action:
    """End the listing: a holder gets the recovery price, without one the last close."""
    return Action(to_ns(time, "delisting.time"), DELISTED, float(recovery))


def action_table(actions: Sequence[Action], symbol: str = "") -> Actions:
    """Sort actions by time into a read-only array; those of one time keep their order.

    A delisting comes after what else is of its time.

    Raises:
        Invalid: If a value is none that its kind can have, or something follows a delisting;
            it names the action as ``actions.AAPL[2].value``.
    """
    in_order = sorted(actions, key=lambda action: (action.time, action.kind == DELISTED))
    table = np.array(in_order, dtype=ACTION)
    table.flags.writeable = False
    return require_actions(table, symbol)


def require_actions(table: Actions, symbol: str) -> Actions:
    """Refuse a table that is not sorted, has a value that cannot be, or goes on after the end."""
    field = f"actions.{symbol}" if symbol else "actions"
    if table.dtype != ACTION or table.ndim != 1:
        raise Invalid(field, "a row of actions", f"{table.dtype} of shape {table.shape}")
    before: tuple[int, int] | None = None
    for row, (time, kind, value) in enumerate(table.tolist()):
        if kind not in _KINDS:
            raise Invalid(f"{field}[{row}].kind", "1 (dividend), 2 (split) or 3 (delisting)", kind)
        _require_value(f"{field}[{row}].value", kind, value)
        if before is not None and time < before[0]:
            raise Invalid(f"{field}[{row}].time", "in the order of time", in_words(time))
        if before is not None and before[1] == DELISTED:
            raise Invalid(f"{field}[{row}]", "nothing after the delisting", _KINDS[kind][0])
        before = time, kind
    return table


def _require_value(field: str, kind: int, value: float) -> None:
    if kind == DELISTED:
        sound = isnan(value) or (isfinite(value) and value >= 0)
    else:
        sound = isfinite(value) and value > 0
    if not sound:
        raise Invalid(field, _KINDS[kind][1], value)


NO_ACTIONS: Final = action_table(())
