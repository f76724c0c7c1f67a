"""Hold the benchmarks' data and figures: we and every peer see the same, and aim at the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import workloads
from benchmarks.peers.parity import FIGURES, Figure, checked
from benchmarks.peers.tasks import TASKS
from benchmarks.peers.workloads import (
    BRACKET,
    CASH,
    EVERY,
    FAST,
    FEE,
    SLOW,
    SWEEP_CASH,
    UNITS,
    Bars,
    daily_panel,
    minute_bars,
)

AGREED = {
    ("W1", 100_000): (9_980_233.7, 2_188),
    ("W1", 200_000): (9_960_234.7, 4_382),
    ("W1", 1_000_000): (9_760_295.3, 22_400),
    ("W4", 50_000): (9_975_476.8, 2_551),
}
"""What independent systems came to, to the digits that they were told to."""


def crossing(bars: Bars, cash: float, fast: int, slow: int) -> Figure:
    open_, close = bars.open.tolist(), bars.close.tolist()
    fast_sum, slow_sum, position, wanted, fills = 0.0, 0.0, 0.0, 0, 0
    for i, price in enumerate(close):
        if wanted:
            units = UNITS if wanted > 0 else -position
            cash -= units * open_[i] + abs(units) * open_[i] * FEE
            position, wanted, fills = position + units, 0, fills + 1
        fast_sum += price - (close[i - fast] if i >= fast else 0.0)
        slow_sum += price - (close[i - slow] if i >= slow else 0.0)
        if i >= slow - 1:
            above = fast_sum / fast - slow_sum / slow
            # Running sums carry roundings: two means that are level differ in their last bits.
            if position == 0.0 and above > 1e-9 * price:
                wanted = 1
            elif position > 0.0 and above < -1e-9 * price:
                wanted = -1
    return Figure(cash + position * close[-1], fills)


def brackets(bars: Bars, cash: float) -> Figure:
    columns = (bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist())
    position, stop, profit, wanted, fills, close = 0.0, 0.0, 0.0, False, 0, 0.0
    for i, (open_, high, low, close) in enumerate(zip(*columns, strict=True)):
        if wanted:
            cash -= UNITS * open_ * (1 + FEE)
            position, wanted, fills = UNITS, False, fills + 1
        if position:
            price = None
            if low <= stop:
                price = min(open_, stop)
            elif high >= profit:
                price = max(open_, profit)
            if price is not None:
                cash += position * price * (1 - FEE)
                position, fills = 0.0, fills + 1
        if not position and i % EVERY == 0:
            wanted, stop, profit = True, close * (1 - BRACKET), close * (1 + BRACKET)
    return Figure(cash + position * close, fills)


def sweep(pairs: int) -> Figure:
    found = [
        crossing(bars, SWEEP_CASH, fast, slow)
        for fast, slow in workloads.pairs(pairs)
        for bars in daily_panel()
    ]
    return Figure(
        sum(each.equity for each in found) / len(found), sum(each.fills for each in found)
    )


def line(workload: str, size: int, figure: Figure) -> dict[str, object]:
    return {
        "workload": workload,
        "size": size,
        "final_equity": figure.equity,
        "fills": figure.fills,
    }


def test_the_minute_bars_are_those_on_which_the_figures_were_agreed() -> None:
    assert minute_bars(100_000).fingerprint() == (
        "fb4011105fe5eb0ea0bd23a6796c32fa18fe9d376b37581e58c84460c05ca6e8"
    )


def test_the_daily_bars_are_those_on_which_the_figures_were_agreed() -> None:
    assert daily_panel()[0].fingerprint() == (
        "19e08ac094b998e2036156f5e5ee10ece7958aa68c679757a0964d170e7a644f"
    )


def test_the_sweep_has_a_thousand_different_pairs_of_a_fast_and_a_slow_mean() -> None:
    pairs = workloads.pairs(1_000)
    assert len(set(pairs)) == 1_000
    assert all(fast < slow for fast, slow in pairs)


@pytest.mark.parametrize(("workload", "size"), AGREED)
def test_a_figure_is_what_independent_systems_agree_on(workload: str, size: int) -> None:
    figure = FIGURES[workload, size]
    assert (round(figure.equity, 1), figure.fills) == AGREED[workload, size]


@pytest.mark.parametrize("size", [20_000, 100_000, 200_000, 1_000_000])
def test_a_plain_loop_comes_to_the_figures_of_w1(size: int) -> None:
    found = crossing(minute_bars(size), CASH, FAST, SLOW)
    assert checked(line("W1", size, found))["parity"] is True


@pytest.mark.parametrize("size", [1, 4])
def test_a_plain_loop_comes_to_the_figures_of_w2(size: int) -> None:
    assert checked(line("W2", size, sweep(size)))["parity"] is True


@pytest.mark.parametrize("size", [10_000, 50_000, 200_000])
def test_a_plain_loop_comes_to_the_figures_of_w4(size: int) -> None:
    found = brackets(minute_bars(size), CASH)
    assert checked(line("W4", size, found))["parity"] is True


def test_equity_that_is_off_by_more_than_roundings_is_no_parity() -> None:
    figure = FIGURES["W1", 100_000]
    off = Figure(figure.equity * (1 + 2e-8), figure.fills)
    assert checked(line("W1", 100_000, off))["parity"] is False


def test_one_fill_more_is_no_parity() -> None:
    figure = FIGURES["W1", 100_000]
    off = Figure(figure.equity, figure.fills + 1)
    assert checked(line("W1", 100_000, off))["parity"] is False


def test_a_size_without_a_figure_is_neither_equal_nor_different() -> None:
    assert checked(line("W1", 12_345, Figure(1.0, 1)))["parity"] is None


def test_every_size_that_is_measured_has_its_figure() -> None:
    measured = {(task.workload, size) for task in TASKS for size in (task.size, task.quick)}
    assert measured <= FIGURES.keys()


def test_every_task_has_its_script() -> None:
    scripts = {file.name for file in Path(workloads.__file__).parent.glob("*.py")}
    assert {task.file for task in TASKS} <= scripts


def test_every_script_of_a_peer_is_measured() -> None:
    scripts = {file.name for file in Path(workloads.__file__).parent.glob("w[0-9]_*.py")}
    assert scripts <= {task.file for task in TASKS}
