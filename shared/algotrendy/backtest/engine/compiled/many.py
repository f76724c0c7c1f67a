"""Run one plain strategy with many sets of parameters: the runs of a sweep, in threads.

Each thread has the memory of one run and uses it again for the next. Of a run its figures are
kept, and its equity where that is asked for; all else is overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from algotrendy.backtest.engine.compiled.bind import COLUMNS, SPAN, CannotCompileError, bind
from algotrendy.backtest.engine.compiled.cache import kept
from algotrendy.backtest.engine.compiled.columns import IndicatorColumns
from algotrendy.backtest.engine.compiled.plain import drive_plain
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT
from algotrendy.backtest.engine.compiled.running import Run
from algotrendy.backtest.engine.compiled.signatures import ENTRY, WHOLE
from algotrendy.backtest.engine.compiled.tables import (
    account_at,
    asset_at,
    context_at,
    done_at,
    log_at,
)
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.statistics import summary
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.exchange.compiled import register
from algotrendy.exchange.rules.codes import HELD, PARTLY_FILLED
from algotrendy.strategy.own import layout_of
from algotrendy.strategy.parameters import Value

register(summary)
_CUT, _UNFILLED, _FEES = (
    STATISTICS.index(name) for name in ("orders_cut", "orders_unfilled", "fees")
)
_summarise_into = summary.summarise_into
_TRIP_CELLS = summary.TRIP_CELLS
_PARTS_A_THREAD = 4


@kept(
    INT(
        ENTRY, INT, types.Array(FLOAT, 2, "C"), types.Array(FLOAT, 2, "C"),
        types.Array(FLOAT, 1, "C"), types.Array(FLOAT, 2, "C"), types.Array(INT, 2, "C"),
        FLOAT, FLOAT, FLOAT, INT, types.Array(FLOAT, 2, "C"), types.Array(INT, 1, "C"),
        types.Array(INT, 1, "C"), types.Array(FLOAT, 2, "C"), INT, INT,
    ),
    error_model="numpy",
    nogil=True,
)  # fmt: skip
def drive_many(
    entry: Any,
    place: int,
    curves: Any,
    own: Any,
    initial: Any,
    parameters: Any,
    columns: Any,
    start: float,
    years: float,
    periods_per_year: float,
    with_figures: int,
    out: Any,
    ended: Any,
    filled: Any,
    equities: Any,
    first: int,
    last: int,
) -> int:
    """Run from the run ``first`` to before ``last``; give how many there were.

    Args:
        initial: What the strategy owns at the begin.
        parameters: One row a run; its address is the context's at the call, moved on.
        columns: Addresses of the indicators' columns, one row a run.
        with_figures: 0 for the final equity alone.
        out: Gets the figures in the order of ``STATISTICS``, one row a run.
        ended: Gets how each run ended.
        filled: Gets how many fills each had.
        equities: Gets the equity of each; of no rows when nobody wants it.
    """
    context, account = context_at(place), account_at(place)
    asset = asset_at(context.assets)
    log, done = log_at(place), done_at(place)
    told = context.parameters
    read = context.columns
    trips = np.zeros(_TRIP_CELLS)
    changes = np.zeros(curves.shape[1])
    multipliers = np.full(1, asset.multiplier)
    rates = np.zeros((0, 0))
    for run in range(first, last):
        context.parameters = told + 8 * parameters.shape[1] * run
        context.columns = read + 8 * columns.shape[1] * run
        own[0, :] = 0.0
        for at in range(initial.size):
            own[0, at] = initial[at]
        account.cash = start
        account.equity = start
        account.fees = 0.0
        account.slippage = 0.0
        account.placed = 0
        account.cut = 0
        account.is_full = 0
        asset.position = 0.0
        asset.cost = 0.0
        asset.count = 0
        asset.admitted = 0
        asset.dated = 0
        asset.seen = 0
        ended[run] = drive_plain(entry, place)
        filled[run] = context.fill
        if equities.shape[0] > 0:
            equities[run, :] = curves[0]
        row = out[run]
        if with_figures == 0:
            row[0] = account.equity
            continue
        trips[:] = 0.0
        _summarise_into(
            curves[0], curves[2], start, years, periods_per_year, done, context.fill,
            multipliers, rates, trips, changes, row,
        )  # fmt: skip
        unfilled = 0
        for order in range(account.placed):
            if HELD <= log[order].state <= PARTLY_FILLED:
                unfilled += 1
        row[_CUT] = account.cut
        row[_UNFILLED] = unfilled
        row[_FEES] = account.fees
    context.parameters = told
    context.columns = read
    return last - first


def run_many(
    setting: Setting,
    combinations: Sequence[Sequence[Value]],
    periods_per_year: float,
    *,
    with_figures: bool = True,
    workers: int | None = None,
    filled: NDArray[np.int64] | None = None,
    equity: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Run a plain setting's strategy with each combination of parameters.

    Args:
        setting: Its values are not used.
        combinations: Checked values in the order of the strategy's parameters.
        with_figures: Else the final equity alone is computed.
        workers: Threads; by default one a processor.
        filled: Gets how many fills each run had, shape (runs,).
        equity: Gets the equity of each run at each step's end, shape (runs, steps).

    Returns:
        The figures of ``STATISTICS``, nan where undefined, shape (runs, figures), and how each
        run ended, shape (runs,): one that did not end whole has no figures and is to be run alone.

    Raises:
        CannotCompileError: With the reason; also where the strategy's vectors differ in length.
    """
    strategy = setting.strategy
    if any(isinstance(vector.size, str) for _, vector in layout_of(strategy.state, {}).vectors):
        raise CannotCompileError("its vectors are as long as its parameters say")
    bound = bind(strategy, COLUMNS if strategy.indicators else SPAN)
    names = [parameter.name for parameter in strategy.parameters]
    shared = IndicatorColumns(setting.dataset.assets[0].base)
    parameters = np.zeros((len(combinations), len(names) + 1))
    for place, values in enumerate(zip(*combinations, strict=True)):
        parameters[:, place] = values
    out = np.full((len(combinations), len(STATISTICS)), np.nan)
    ended = np.zeros(len(combinations), dtype=np.int64)
    equities = np.zeros((0, 0)) if equity is None else equity
    fills = np.zeros(len(combinations), dtype=np.int64) if filled is None else filled
    times = setting.dataset.timeline
    years = summary.years_of(times)
    count = min(workers or os.cpu_count() or 1, max(len(combinations), 1))
    parts = count if count == 1 else min(_PARTS_A_THREAD * count, len(combinations))
    edges = np.linspace(0, len(combinations), parts + 1).astype(int).tolist()
    waiting = pairwise(edges)

    def work(columns: NDArray[np.int64]) -> None:
        memory = Run(setting, bound, 64, 4096 + len(setting.dataset) // 2)
        # Threads take parts by turns: one may be held up by what else the machine does.
        for first, last in waiting:
            memory.go_many(
                drive_many, parameters, columns, years, periods_per_year, int(with_figures),
                out, ended, fills, equities, first, last,
            )  # fmt: skip

    if count == 1:
        work(shared.addresses(bound.layout, names, combinations))
    else:
        with ThreadPoolExecutor(count) as pool:
            columns = shared.addresses(bound.layout, names, combinations, pool)
            for future in [pool.submit(work, columns) for _ in range(count)]:
                future.result()
    out[ended != WHOLE] = np.nan
    return out, ended
