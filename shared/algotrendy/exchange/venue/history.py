"""Write down what happened to every account, under ids that sort in the order of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from algotrendy.exchange.rules.margin import day_trades
from algotrendy.exchange.venue.model import (
    ZERO,
    Activity,
    ActivityType,
    Changes,
    EquityPoint,
    Snapshot,
)
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import NotFound
from algotrendy.market_data.calendar import NEW_YORK

_ZONE = ZoneInfo(NEW_YORK)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class History:
    """Keeps activities and equity points, and notes new ones in ``changes``.

    Args:
        seed: Of the activities' ids: the same seed and the same course give the same ids.
        changes: Where new ones are noted.
    """

    def __init__(self, seed: int, changes: Changes) -> None:
        self.changes = changes
        self._seed = seed
        self._activities: dict[str, list[Activity]] = {}
        self._equity: dict[str, list[EquityPoint]] = {}
        self._fresh: dict[str, int] = {}
        self._fills: dict[str, Activity] = {}
        self._busted: set[str] = set()
        self._count = 0
        self._latest = _BEGIN
        self._stamp, self._stamped = "", _BEGIN

    def collect(self, changes: Changes) -> None:
        """Note in another collection from now on."""
        self.changes = changes
        self._fresh = {}

    def restore(self, snapshot: Snapshot) -> None:
        """Take in what the store kept, without noting it."""
        for activity in snapshot.activities:
            self._remember(activity)
        for point in snapshot.equity:
            self._equity.setdefault(point.account_id, []).append(point)

    def today(self) -> date:
        """Give the date in New York of the latest that is known."""
        return exchange_date(self._latest)

    def activities(self, account_id: str) -> Sequence[Activity]:
        """Give an account's activities, oldest first."""
        return self._activities.get(account_id, [])

    def equity(self, account_id: str) -> Sequence[EquityPoint]:
        """Give an account's equity points, oldest first."""
        return self._equity.get(account_id, [])

    def fill(self, execution_id: str) -> Activity:
        """Give the activity of a fill, busted or not.

        Raises:
            NotFound: If there was no such fill.
        """
        if execution_id not in self._fills:
            raise NotFound("execution", execution_id)
        return self._fills[execution_id]

    def is_busted(self, execution_id: str) -> bool:
        """Say whether a fill was taken back."""
        return execution_id in self._busted

    def standing(self, account_id: str, without: str | None) -> Iterator[Activity]:
        """Give fills that were not taken back, and splits, oldest first.

        Args:
            without: Leave out this execution too.
        """
        for each in self.activities(account_id):
            is_gone = each.execution_id in self._busted or each.execution_id == without
            if each.type is ActivityType.SPLIT or (each.type is ActivityType.FILL and not is_gone):
                yield each

    def day_trades(self, account_id: str, days: Collection[date]) -> int:
        """Count an account's day trades on some days, by their dates in New York."""
        held: dict[str, Decimal] = {}
        fills: dict[tuple[date, str], list[Decimal]] = {}
        begins: dict[tuple[date, str], Decimal] = {}
        for each in self.standing(account_id, without=None):
            if each.symbol is None or each.quantity is None:
                continue
            key = exchange_date(each.at), each.symbol
            before = held.get(each.symbol, ZERO)
            if each.type is ActivityType.FILL and key[0] in days:
                begins.setdefault(key, before)
                fills.setdefault(key, []).append(each.quantity)
            held[each.symbol] = EXACT.add(before, each.quantity)
        return sum(day_trades(begins[key], made, len(made)) for key, made in fills.items())

    def record(
        self, account_id: str, kind: ActivityType, at: datetime, cash: Decimal, **facts: Any
    ) -> Activity:
        """Write an activity down."""
        activity = Activity(self._next_id(at), account_id, kind, at, cash, **facts)
        self._remember(activity)
        self.changes.activities.append(activity)
        return activity

    def mark(self, account_id: str, at: datetime, equity: Decimal, cash: Decimal) -> None:
        """Write down an equity; each minute keeps its last, and bears the minute's time."""
        self._latest = max(self._latest, at)
        minute = at.replace(second=0, microsecond=0)
        point = EquityPoint(account_id, minute, equity, cash)
        history = self._equity.setdefault(account_id, [])
        is_newest = bool(history) and history[-1].at == minute
        if is_newest:
            history[-1] = point
        else:
            history.append(point)
        place = self._fresh.get(account_id)
        if place is not None and is_newest:
            self.changes.equity[place] = point
        else:
            self._fresh[account_id] = len(self.changes.equity)
            self.changes.equity.append(point)

    def _remember(self, activity: Activity) -> None:
        self._count += 1
        self._latest = max(self._latest, activity.at)
        self._activities.setdefault(activity.account_id, []).append(activity)
        if activity.execution_id is None:
            return
        if activity.type is ActivityType.FILL:
            self._fills[activity.execution_id] = activity
        elif activity.type is ActivityType.BUST:
            self._busted.add(activity.execution_id)

    def _next_id(self, at: datetime) -> str:
        at = max(at, self._latest)
        if at != self._stamped:
            self._stamped = at
            at = at.astimezone(UTC)
            self._stamp = f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}"
        chance = blake2b(f"{self._seed}:{self._count}".encode(), digest_size=9).hexdigest()
        count = f"{self._count:012x}"
        # A UUID of version 8 (RFC 9562): counter first, so that one millisecond's sort too.
        uuid = f"{count[:8]}-{count[8:]}-8{chance[:3]}-a{chance[3:6]}-{chance[6:]}"
        return f"{self._stamp}::{uuid}"


def exchange_date(moment: datetime) -> date:
    """Give the date in New York."""
    return moment.astimezone(_ZONE).date()
