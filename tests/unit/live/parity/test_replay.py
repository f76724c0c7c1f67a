"""A run is held against its backtest: what is the same, what differs, and why."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from types import FrameType
from typing import Any

import pytest

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.live.parity.differences import Cause, Subject, total_cost
from algotrendy.live.parity.records import LedgerMoney, LedgerOrder
from algotrendy.live.parity.replay import Replayed, replay
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.making import strategy
from fakes.live_worlds import Broker, live_run, recorded_backtest, wandering
from fakes.small_bars import Row, small

SMA = strategy_named("sma_cross")
VALUES = {"fast": 3, "slow": 8}
BARS = wandering(160)


def replayed(broker: Broker | None = None, **changes: Any) -> Replayed:
    return replay(live_run(BARS, SMA, broker, values=VALUES, **changes))


def causes(found: Replayed) -> set[Cause]:
    return {each.cause for each in found.differences}


def adds_up(found: Replayed) -> bool:
    """Tell whether all costs are the difference in profit and loss, to the cent."""
    rest = found.money.cost - total_cost(found.differences)
    return abs(rest) < Decimal("0.005") and found.money.rounding == rest


def test_a_run_whose_broker_fills_as_the_engine_does_differs_in_nothing() -> None:
    found = replayed()

    assert found.differences == ()
    assert len(found.ledger) == len(found.expected) > 5
    assert adds_up(found)


def test_worse_fills_and_fees_are_told_apart_and_are_all_of_the_difference() -> None:
    found = replayed(Broker(slip_bps=5.0, fee_bps=1.0))

    assert causes(found) == {Cause.FILL_PRICE, Cause.FEE, Cause.CONSEQUENCE}
    assert found.unexplained == ()
    assert found.money.cost > 0
    assert adds_up(found)


def test_the_cost_of_a_fill_price_is_the_difference_times_the_units() -> None:
    found = replayed(Broker(slip_bps=5.0))

    first = found.differences[0]
    key = next(iter(found.ledger))
    ours, theirs = found.ledger[key], found.expected[key]
    assert first.cause is Cause.FILL_PRICE
    assert first.cost == (ours.fills[0].price - theirs.fills[0].price) * ours.units * ours.side


def test_an_order_that_the_broker_rejects_costs_what_its_gap_came_to() -> None:
    found = replayed(Broker(rejects=frozenset({1})))

    (rejected,) = [each for each in found.differences if each.cause is Cause.REJECT]
    assert "account restricted" in rejected.found
    assert found.unexplained == ()
    assert adds_up(found)
    # The strategy buys a bar later, a little less of it: the gap was open for hardly more.
    bars, bought = BARS.assets[0].base, found.expected[min(found.expected)]
    opens = bars.open[bought.key.step + 1 :].tolist()
    assert float(rejected.cost) == pytest.approx((opens[1] - opens[0]) * float(bought.units), 0.02)


def test_an_order_that_limits_refuse_is_told_with_the_limit() -> None:
    found = replayed(Broker(refuses=frozenset({1})))

    (refused,) = [each for each in found.differences if each.cause is Cause.LIMIT]
    assert "order_notional" in refused.found
    assert adds_up(found)


def test_an_order_that_fills_a_bar_late_is_latency() -> None:
    found = replayed(Broker(delays=frozenset({1})))

    assert Cause.LATENCY in causes(found)
    assert found.unexplained == ()
    assert adds_up(found)


def test_an_order_that_fills_in_half_is_partial() -> None:
    found = replayed(Broker(halves=frozenset({1})))

    (partial,) = [each for each in found.differences if each.cause is Cause.PARTIAL]
    assert "canceled" in partial.found
    assert adds_up(found)


def test_an_order_that_was_decided_and_is_nowhere_is_unexplained() -> None:
    found = replayed(Broker(loses=frozenset({1})))

    (missing,) = found.unexplained
    assert missing.found == "no order"
    assert adds_up(found)


def test_an_order_that_nobody_decided_is_unexplained() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    stray = replace(record.orders[0], desk_order=99, client_order_id="by-hand", executions=())

    (found,) = replay(replace(record, orders=(*record.orders, stray))).unexplained

    assert found.order == "by-hand"
    assert "none was decided" in found.expected


def test_an_order_of_other_units_than_were_decided_is_unexplained() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    first, *others = record.orders
    doubled = replace(first, units=first.units * 2)

    found = replay(replace(record, orders=(doubled, *others))).unexplained

    assert {each.subject for each in found} == {Subject.ORDER}


def test_cash_that_no_execution_explains_is_unexplained_to_the_cent() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    money = replace(record.money, cash=record.money.cash - Decimal("12.34"))

    (found,) = replay(replace(record, money=money)).unexplained

    assert found.subject is Subject.MONEY
    assert round(found.cost, 2) == Decimal("12.34")


def test_cash_that_was_moved_in_is_no_profit() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    moved = Decimal(500)
    money = replace(record.money, cash=record.money.cash + moved, moved_in=moved)

    assert replay(replace(record, money=money)).differences == ()


def test_a_position_that_no_execution_explains_is_unexplained() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    money = LedgerMoney(cash=record.money.cash, positions=(record.money.positions[0] + 1,))

    found = replay(replace(record, money=money)).unexplained

    assert any("position" in each.expected for each in found)


def test_a_decision_that_its_inputs_do_not_come_to_is_unexplained() -> None:
    other = strategy_named("sma_cross")
    record = live_run(BARS, SMA, values=VALUES)
    told = record.steps[-20]
    changed = replace(told, decisions=(replace(_first_decision(record), number=1),))
    steps = (*record.steps[:-20], changed, *record.steps[-19:])

    found = replay(replace(record, strategy=other, steps=steps))

    assert any(
        each.subject is Subject.DECISION and each.step == told.inputs.step
        for each in found.unexplained
    )


def test_another_state_than_the_inputs_come_to_is_unexplained_once() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    steps = tuple(replace(step, digest="0" * 64) for step in record.steps)

    (found,) = replay(replace(record, steps=steps)).unexplained

    assert found.found == "another state"


def test_a_bar_that_was_corrected_since_is_a_correction_with_its_cost() -> None:
    record = live_run(BARS, SMA, values=VALUES)
    bought = min(replay(record).expected)
    corrected = with_open(BARS, bought.step + 1, 1.10)

    found = replay(replace(record, bars_now=corrected))

    assert causes(found) == {Cause.CORRECTION}
    assert found.money.cost < 0
    assert adds_up(found)


def test_a_pause_is_told_as_one() -> None:
    whole = replayed()
    step = min(whole.expected).step

    found = replayed(paused=frozenset({step}))

    assert Cause.PAUSED in causes(found)
    assert found.unexplained == ()
    assert adds_up(found)


def test_positions_that_a_person_flattened_are_no_fault() -> None:
    whole = replayed()
    bought = min(whole.expected).step
    record = live_run(BARS[: bought + 3], SMA, values=VALUES)
    (order,) = record.orders
    price = Decimal(90)
    closing = LedgerOrder(
        desk_order=0,
        client_order_id="flatten-1",
        asset=0,
        side=-1,
        order_kind=0,
        tif=0,
        units=order.units,
        command="flatten",
        executions=(replace(order.executions[0], id="closing", price=price),),
    )
    money = LedgerMoney(cash=record.money.cash + price * order.units, positions=(Decimal(0),))

    found = replay(replace(record, orders=(order, closing), money=money))

    assert causes(found) == {Cause.PAUSED}
    assert adds_up(found)


@pytest.mark.parametrize(
    "name",
    [
        "sma_cross",
        "buy_and_hold",
        "rsi_reversion",
        "bollinger_reversion",
        "donchian_breakout",
        "market_making",
        "narrow_range_breakout",
        "trailing_trend",
        "volatility_breakout",
        "turn_of_month",
    ],
)
def test_a_backtest_that_is_recorded_as_a_run_differs_in_nothing(name: str) -> None:
    found = replay(recorded_backtest(BARS, strategy_named(name)))

    assert found.differences == ()


def test_a_look_at_the_next_bar_that_only_a_backtest_can_take_is_found() -> None:
    """The module of the strategy knows tomorrow's close in a backtest, and nothing live."""
    closes = BARS.assets[0].base.close.tolist()
    table: list[float] = []

    def decide(market: Any, own: Any, p: Any) -> None:
        now = len(market.close)
        tomorrow = table[now] if now < len(table) else market.close[-1]
        if market.position == 0.0 and tomorrow > market.close[-1]:
            market.invest(1.0)
        elif market.position > 0.0 and tomorrow < market.close[-1]:
            market.exit()

    peeking = strategy(name="peeking")(decide)
    record = live_run(BARS, peeking)
    table.extend(closes)

    found = replay(record)

    assert found.unexplained
    assert found.unexplained[0].subject is Subject.DECISION


def test_a_look_into_the_engine_is_found_though_live_it_does_nothing() -> None:
    """A strategy that reaches for the bars of the interpreter above it, where there is one."""

    def decide(market: Any, own: Any, p: Any) -> None:
        ahead = bars_of_the_engine()
        now = len(market.close)
        tomorrow = ahead[now] if ahead is not None and now < len(ahead) else market.close[-1]
        if market.position == 0.0 and tomorrow > market.close[-1]:
            market.invest(1.0)

    found = replay(live_run(BARS, strategy(name="reaching")(decide)))

    assert found.unexplained
    assert found.unexplained[0].expected.startswith("the backtest: ")


def bars_of_the_engine() -> Any:
    """Look for the bars of an interpreter in the calls above this one; None where there is none."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        feeds: Any = getattr(frame.f_locals.get("self"), "_feeds", None)
        if feeds is not None:
            return feeds[0].close
        frame = frame.f_back
    return None


def test_a_warm_up_asks_for_nothing_in_both() -> None:
    found = replayed(trade_from=60)

    assert found.differences == ()
    assert min(found.ledger).step >= 60


def with_open(bars: Dataset, row: int, factor: float) -> Dataset:
    base = bars.assets[0].base
    columns = (getattr(base, name).tolist() for name in ("open", "high", "low", "close"))
    rows: list[Row | None] = list(zip(*columns, strict=True))
    found = rows[row]
    assert found is not None
    opened, high, low, close = found
    rows[row] = (opened * factor, max(high, opened * factor), low, close)
    return small(rows)


def _first_decision(record: Any) -> Any:
    return next(step.decisions[0] for step in record.steps if step.decisions)
