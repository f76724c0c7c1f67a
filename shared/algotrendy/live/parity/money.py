"""Hold the ledger's money against the backtest's, and see that the named costs are all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT
from algotrendy.live.parity import books
from algotrendy.live.parity.differences import CENT, Cause, Difference, Subject, total_cost
from algotrendy.live.parity.records import RunRecord
from algotrendy.live.parity.traded import OrderKey, TradedOrder, decimal_of
from algotrendy.live.parity.witness import Witness

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyParity:
    """What a run has earned, what its backtest has, and what became of the rest.

    Attributes:
        ledger: Profit and loss by the books, positions at the last closes.
        backtest: Of the backtest over the bars as they are known now.
        causes: What each cause cost, from the dearest.
        rounding: Less than a cent that is left; more is a difference of its own.
    """

    ledger: Decimal
    backtest: Decimal
    causes: tuple[tuple[Cause, Decimal], ...]
    rounding: Decimal

    @property
    def cost(self) -> Decimal:
        """Give how much less the ledger has than the backtest."""
        return EXACT.subtract(self.backtest, self.ledger)


def money_of(
    record: RunRecord,
    now: Witness,
    then: Witness,
    ledger: Mapping[OrderKey, TradedOrder],
    found: Iterable[Difference],
) -> tuple[MoneyParity, tuple[Difference, ...]]:
    """Compare profit and loss, and positions with executions.

    Args:
        now, then: The backtest over the bars as they are known now, and as they were.
        found: All other differences.

    Returns:
        The money, and the differences that only it shows.
    """
    marks = books.marks_of(then)
    worth = record.money.cash
    for asset, mark, units in zip(
        record.bars_then.assets, marks, record.money.positions, strict=True
    ):
        value = EXACT.multiply(EXACT.multiply(units, mark), decimal_of(asset.multiplier))
        worth = EXACT.add(worth, value)
    capital = decimal_of(record.terms.cash)
    earned = EXACT.subtract(EXACT.subtract(worth, capital), record.money.moved_in)
    backtest = decimal_of(float(now.raw.equity[-1]) - record.terms.cash)
    more = [*_positions(record, ledger), *_carried(record, now)]
    every = [*found, *more]
    rest = EXACT.subtract(EXACT.subtract(backtest, earned), total_cost(every))
    if abs(rest) * 2 >= CENT:
        last = record.steps[-1].inputs
        left = Difference(
            subject=Subject.MONEY,
            cause=Cause.UNEXPLAINED,
            step=last.step,
            at=last.now,
            expected=f"costs that add up to {backtest - earned:.2f}",
            found=f"{total_cost(every):.2f} of it is known",
            cost=rest,
        )
        more.append(left)
        every.append(left)
        rest = ZERO
    return MoneyParity(
        ledger=earned, backtest=backtest, causes=_by_cause(every), rounding=rest
    ), tuple(more)


def _positions(record: RunRecord, ledger: Mapping[OrderKey, TradedOrder]) -> Iterable[Difference]:
    """See that the books hold what the executions come to."""
    last = record.steps[-1].inputs
    held = [ZERO for _ in record.money.positions]
    for key, order in ledger.items():
        held[key.asset] = EXACT.fma(order.filled, order.side, held[key.asset])
    for stray in books.undecided(record):
        for each in stray.executions:
            held[stray.asset] = EXACT.fma(each.units, stray.side, held[stray.asset])
    for place, (expected, found) in enumerate(zip(held, record.money.positions, strict=True)):
        if expected != found:
            yield Difference(
                subject=Subject.MONEY,
                cause=Cause.UNEXPLAINED,
                step=last.step,
                at=last.now,
                symbol=record.bars_then.symbols[place],
                expected=f"a position of {expected:f} by the executions",
                found=f"one of {found:f} in the books",
            )


def _carried(record: RunRecord, now: Witness) -> Iterable[Difference]:
    """Compare dividends, interest and what borrowing cost."""
    account = now.raw.account
    expected = decimal_of(account.dividends + account.interest - account.borrow)
    found = record.money.carried
    if expected != found:
        last = record.steps[-1].inputs
        yield Difference(
            subject=Subject.MONEY,
            cause=Cause.FEE,
            step=last.step,
            at=last.now,
            expected=f"dividends and interest of {expected:.2f}",
            found=f"{found:.2f}",
            cost=EXACT.subtract(expected, found),
        )


def _by_cause(found: Iterable[Difference]) -> tuple[tuple[Cause, Decimal], ...]:
    sums: dict[Cause, Decimal] = {}
    for each in found:
        sums[each.cause] = EXACT.add(sums.get(each.cause, ZERO), each.cost)
    return tuple(sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0])))
