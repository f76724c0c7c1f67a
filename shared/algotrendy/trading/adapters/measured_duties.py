"""Measure how an account is served: its duties, its reconciliation, its use of limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from algotrendy.kernel.ids import AccountId
from algotrendy.platform.metric_table import METRICS
from algotrendy.platform.metrics import count, gauge, timed
from algotrendy.risk.usage import used
from algotrendy.trading.execution.duties import Duty, Post
from algotrendy.trading.execution.lease import Monotonic
from algotrendy.trading.execution.reconcile import Reconciliation
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.risk_desk import RiskDesk, read_desk


class MeasuredDuty:
    """Is a ``Duty`` that does another one, and keeps the time."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty

    @property
    def name(self) -> str:
        """Give the duty's name."""
        return self._duty.name

    @property
    def every_s(self) -> float:
        """Give how long to wait after it is done."""
        return self._duty.every_s

    async def do(self) -> None:
        """Do it once."""
        with timed("DutySeconds", duty=self.name):
            await self._duty.do()


@dataclass(slots=True)
class Compared:
    """Remembers when each account was compared with its broker, and what stands since."""

    monotonic: Monotonic
    since: dict[AccountId, float] = field(default_factory=dict)
    at: dict[AccountId, float] = field(default_factory=dict)
    standing: dict[AccountId, Counter[str]] = field(default_factory=dict)

    def note(self, root: AccountId, standing: Counter[str], settled: Counter[str]) -> None:
        """Take what a whole comparison found."""
        self.at[root] = self.monotonic()
        self.standing[root] = standing
        for kind, many in settled.items():
            count("ReconciliationsSettled", many, kind=kind)

    def age_s(self, root: AccountId) -> float | None:
        """Give how long ago an account was compared; None: this process never did."""
        at = self.at.get(root)
        return None if at is None else round(self.monotonic() - at, 1)

    def tell(self, serving: Mapping[AccountId, bool]) -> None:
        """Set the gauges of every account of this process."""
        found: Counter[str] = Counter()
        for root, is_served in serving.items():
            gauge("AccountsServed", float(is_served), account=root)
            # Whoever does not serve an account does not compare it either.
            gauge("ReconciliationAgeSeconds", self._age_s(root, is_served=is_served), account=root)
            found.update(self.standing.get(root, Counter()) if is_served else Counter())
        kinds = METRICS["ReconciliationDifferences"].by["kind"]
        for kind in kinds if isinstance(kinds, tuple) else ():
            gauge("ReconciliationDifferences", found[kind], kind=kind)

    def _age_s(self, root: AccountId, *, is_served: bool) -> float:
        """Count from the last comparison, or from when the account began to be served here."""
        if not is_served:
            self.since.pop(root, None)
            return 0.0
        now = self.monotonic()
        since = self.since.setdefault(root, now)
        return now - max(self.at.get(root, since), since)


class MeasuredReconciliation:
    """Is the duty of reconciliation, and notes when it is done and what it found."""

    def __init__(self, post: Post, compared: Compared) -> None:
        self._root = post.root
        self._duty = Reconciliation(post)
        self._compared = compared
        self.name = self._duty.name

    @property
    def every_s(self) -> float:
        """Give how long to wait after it is done."""
        return self._duty.every_s

    async def do(self) -> None:
        """Compare once."""
        await self._duty.do()
        standing = Counter(each.kind.value for each in self._duty.standing)
        settled = Counter(each.kind.value for each in self._duty.just_settled)
        self._compared.note(self._root, standing, settled)


class Gauging:
    """The duty of reading how much of its limits an account uses, and how old its prices are."""

    name = "gauging"
    every_s = 15.0

    def __init__(self, post: Post) -> None:
        self._post = post

    async def do(self) -> None:
        """Read it once from the ledger, and set the gauges."""
        root, now = self._post.root, self._post.clock.now()

        def read(tx: LedgerTransaction) -> RiskDesk:
            return read_desk(tx, root, now)

        desk = await self._post.desk.run(read)
        limits = used(desk.state.account, desk.limits.account)
        for limit, share in limits.items():
            gauge("RiskUseRatio", share, account=root, limit=limit.value)
        gauge("QuoteAgeSeconds", _oldest_s(desk, now), account=root)


def _oldest_s(desk: RiskDesk, now: datetime) -> float:
    """Tell the age of the oldest price of what is held or ordered; 0 where there is nothing."""
    held = {symbol for symbol, each in desk.state.account.holdings.items() if each.position}
    symbols = held | {order.symbol for order in desk.orders}
    ages = [(now - quote.at).total_seconds() for s, quote in desk.quotes.items() if s in symbols]
    return max(ages, default=0.0)
