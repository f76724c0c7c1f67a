"""Say in words what a run assumed, so that a reader can judge it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from algotrendy.backtest.data.actions import DELISTED, DIVIDEND, SPLIT
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.timeframes import is_style
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.outputs.findings import Findings
from algotrendy.backtest.outputs.terms_in_words import listed, of_setting
from algotrendy.strategy.fingerprint import code_hash

_FEW = 8
_ACTIONS = {DIVIDEND: "dividend", SPLIT: "split", DELISTED: "delisting"}
ORDERS = (
    "A decision sees bars up to a close and what was known by then, nothing later; its orders meet "
    "the bars that follow. A market order fills at the next bar's open, a stop at its price or at "
    "the open when the bar opens beyond it, a limit at its price or better. Where a bar touches "
    "both the stop and the target of a position, the stop comes first. An order of the last bar "
    "is not filled."
)
CHART_BARS = (
    "Bars are made of single trades, and none is seen before the trade or the moment by which it "
    "was known whole. Their prices are the trades' after the bar before was known: the next open "
    "is the first of them, never a brick's level or an average. Bars of one jump are known one "
    "after the other at its trade, and an order between them is filled at that trade's price. Such "
    "bars do not tell that a session ends: orders for the day stay open, and orders at the close "
    "are not filled. Bars a year are counted over the whole time."
)
NOT_MODELLED = (
    "Queues at a limit's price, the path of prices within a bar, halts, recalls of borrowed "
    "shares, taxes. The symbols were chosen by whoever asked, perhaps because they survived."
)


def assumptions_of(findings: Findings) -> tuple[tuple[str, str], ...]:
    """Give the assumptions as topics and sentences; text in backticks is code."""
    run = findings.backtest
    return (
        ("Strategy", _strategy(run)),
        *setting_assumed(run.setting),
        ("Figures", _figures(findings)),
        ("Not modelled", NOT_MODELLED),
        ("To repeat it", identity_of(run)),
    )


def setting_assumed(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Give what any run on these bars and terms assumes, whatever its strategy does."""
    return (
        ("Orders", ORDERS),
        *((("Chart bars", CHART_BARS),) if is_style(setting.dataset.timeframe) else ()),
        *of_setting(setting),
        *_measured(setting),
        ("Prices and corporate actions", _actions(setting.dataset)),
        ("Currency", _currency(setting.dataset)),
        ("Data", _data(setting.dataset)),
        ("Calendar", _calendar(setting)),
    )


def _measured(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Say from where the costs are, where fills were measured."""
    found = setting.calibration
    return () if found is None else (("Costs as measured", found.in_words()),)


def agreed_of(run: Backtest) -> tuple[tuple[str, str], ...]:
    """Give the terms and the calendar of a run as topics and sentences."""
    return (*of_setting(run.setting), *_measured(run.setting), ("Calendar", _calendar(run.setting)))


def identity_of(run: Backtest) -> str:
    """Name engine, code and data by their hashes."""
    return (
        f"Engine {ENGINE_VERSION}, {run.mode}, strategy code sha256 "
        f"`{code_hash(run.setting.strategy)}`, data sha256 `{run.setting.dataset.sha256()}`."
    )


def _strategy(run: Backtest) -> str:
    strategy, values = run.setting.strategy, run.setting.values
    told = ", ".join(f"`{name}` {value:g}" for name, value in values.items())
    source = f" Source: {strategy.source}" if strategy.source else ""
    return f"{strategy.summary} {f'Parameters: {told}.' if told else 'No parameters.'}{source}"


def _actions(dataset: Dataset) -> str:
    counted: Counter[int] = Counter()
    for asset in dataset.assets:
        counted.update(asset.actions["kind"].tolist())
    if not counted:
        return (
            "The data has no corporate actions, so prices are used as given. Raw prices make a "
            "split look like a crash and a dividend like a loss; adjusted ones are right in their "
            "returns, but not the prices that a trader of the time saw."
        )
    listed = ", ".join(
        f"{counted[kind]} {name}{'' if counted[kind] == 1 else 's'}"
        for kind, name in _ACTIONS.items()
        if counted[kind]
    )
    return (
        f"Prices are taken as traded, with {listed}: dividends are paid in cash and owed by "
        "shorts, splits change positions and orders, and the end of a listing pays its price."
    )


def _currency(dataset: Dataset) -> str:
    others = sorted({asset.currency for asset in dataset.assets} - {dataset.currency})
    if not others:
        return f"All in {dataset.currency}."
    return (
        f"The account is in {dataset.currency}. What is quoted in {listed(others)} is converted "
        "at the newest known rate, without a spread."
    )


def _data(dataset: Dataset) -> str:
    each = [
        f"{asset.symbol} {len(asset.base):,} bars of {asset.timeframes[0]}, "
        f"{_day(asset.base.time[0])} to {_day(asset.base.time[-1])}"
        if len(asset.base)
        else f"{asset.symbol} no bars"
        for asset in dataset.assets[:_FEW]
    ]
    more = len(dataset.assets) - len(each)
    rest = f"; and {more} more assets" if more > 0 else ""
    longer = dataset.timeframes[1:]
    also = f" Besides, bars of {listed(longer)}, seen once they are complete." if longer else ""
    return f"{'; '.join(each)}{rest}.{also}"


def _calendar(setting: Setting) -> str:
    if setting.calendar is not None:
        return f"Schedules follow the calendar {setting.calendar.name}; bars are as in the data."
    return "None was given: sessions are the days that the bars show."


def figures_assumed(periods_per_year: float) -> str:
    """Say by what definitions the figures of a run are worked out."""
    return (
        f"Returns from close to close, risk-free rate 0, {periods_per_year:,.6g} bars a "
        "year; CAGR over calendar time. What is not defined, such as a win rate without trades, "
        "is left blank."
    )


def _figures(findings: Findings) -> str:
    late = findings.backtest.setting.trade_from
    warm = f" The first {late:,} steps warm up without trading, and count." if late else ""
    return f"{figures_assumed(findings.periods_per_year)}{warm}"


def _day(time_ns: int) -> str:
    return str(np.datetime64(int(time_ns), "ns").astype("M8[D]"))
