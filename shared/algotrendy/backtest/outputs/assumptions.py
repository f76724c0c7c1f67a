"""Say in words what a run assumed, so that a reader can judge it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from algotrendy.backtest.data.actions import DELISTED, DIVIDEND, SPLIT
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.findings import Findings
from algotrendy.strategy.fingerprint import code_hash

_FEW = 8
_ACTIONS = {DIVIDEND: "dividend", SPLIT: "split", DELISTED: "delisting"}
_ORDERS = (
    "A decision sees bars up to a close and what was known by then, nothing later; its orders meet "
    "the bars that follow. A market order fills at the next bar's open, a stop at its price or at "
    "the open when the bar opens beyond it, a limit at its price or better. Where a bar touches "
    "both the stop and the target of a position, the stop comes first. An order of the last bar "
    "is not filled."
)
_NOT_MODELLED = (
    "Queues at a limit's price, the path of prices within a bar, halts, recalls of borrowed "
    "shares, taxes. The symbols were chosen by whoever asked, perhaps because they survived."
)


def assumptions_of(findings: Findings) -> tuple[tuple[str, str], ...]:
    """Give the assumptions as topics and sentences; text in backticks is code."""
    run = findings.backtest
    terms = run.setting.terms
    return (
        ("Strategy", _strategy(run)),
        ("Orders", _ORDERS),
        ("Slippage", _slippage(terms)),
        ("Volume", _volume(run)),
        ("Fees", _fees(terms)),
        ("Cash, shorts, leverage", _margin(run)),
        ("Interest and borrowing", _interest(run)),
        ("Prices and corporate actions", _actions(run)),
        ("Currency", _currency(run)),
        ("Data", _data(run)),
        ("Calendar", _calendar(run)),
        ("Figures", _figures(findings)),
        ("Not modelled", _NOT_MODELLED),
        ("To repeat it", identity_of(run)),
    )


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


def _slippage(terms: Terms) -> str:
    parts = []
    if terms.slippage_bps:
        parts.append(f"{terms.slippage_bps:g} basis points of the price")
    if terms.spread:
        parts.append(f"half of a spread of {terms.spread:g}")
    if terms.impact_bps:
        parts.append(
            f"an impact of {terms.impact_bps:g} basis points times the root of the share of the "
            "bar's volume that is taken"
        )
    if not parts:
        return "None: fills are at the market's price, which flatters whoever trades often."
    return f"Every fill but a limit's is worse by {' and '.join(parts)}."


def _volume(run: Backtest) -> str:
    share = run.setting.terms.participation
    if not share:
        return "No limit: an order of any size is filled, however little traded in the bar."
    blind = [asset.symbol for asset in run.setting.dataset.assets if not asset.has_volume]
    unknown = f" The volume of {_listed(blind)} is not known and limits nothing." if blind else ""
    return (
        f"Orders take at most {share:.4g} of a bar's volume between them; what is left waits for "
        f"the next bar as long as the order lasts.{unknown}"
    )


def _fees(terms: Terms) -> str:
    parts = []
    if terms.fee_bps:
        parts.append(f"{terms.fee_bps:g} basis points of a fill's value")
    if terms.fee_per_unit:
        parts.append(f"{terms.fee_per_unit:g} a unit")
    said = " and ".join(parts) or ("None" if not terms.fee_minimum else "")
    if terms.fee_minimum:
        said += f"{', at least ' if said else ''}{terms.fee_minimum:g} a fill"
    if terms.fee_most_bps:
        said += f", at most {terms.fee_most_bps:g} basis points"
    sales = []
    if terms.sale_fee_bps:
        sales.append(f"{terms.sale_fee_bps:g} basis points")
    if terms.sale_fee_per_unit:
        sales.append(f"{terms.sale_fee_per_unit:g} a unit")
    more = f" Sales pay {' and '.join(sales)} more." if sales else ""
    return f"{said}.{more}"


def _margin(run: Backtest) -> str:
    terms = run.setting.terms
    units = "Parts of a unit can be traded" if terms.fractional else "Whole units only"
    own = [asset.symbol for asset in run.setting.dataset.assets if asset.fractional is not None]
    units += f", but {_listed(own)} as its data says" if own else ""
    sells = "Short sales are allowed" if terms.allow_short else "Nothing is sold short"
    if terms.leverage > 1.0:
        borrows = f"positions may be worth {terms.leverage:g} times the equity"
    else:
        borrows = "positions may be worth no more than the equity"
    called = (
        f" Equity below {terms.maintenance:.4g} of the positions' value closes all at the next "
        "opens."
        if terms.maintenance
        else " Nobody calls for margin before the equity is gone."
    )
    return (
        f"It starts with {terms.cash:,.2f}. {units}. {sells}; {borrows}. What cash or holdings "
        f"cannot pay is cut and counted as cut.{called if _can_owe(terms) else ''}"
    )


def _can_owe(terms: Terms) -> bool:
    return terms.allow_short or terms.leverage > 1.0


def _interest(run: Backtest) -> str:
    terms, setting = run.setting.terms, run.setting
    rates = sorted({setting.borrow_rate(asset) for asset in setting.dataset.assets})
    borrow = f"{rates[0]:.4g}" if len(rates) == 1 else f"{rates[0]:.4g} to {rates[-1]:.4g}"
    if not (terms.loan_rate or terms.cash_rate or any(rates)):
        return "None is paid or earned, on cash, on loans or on borrowed shares."
    return (
        f"A year, by nights over {terms.days_in_year:g} days: {terms.cash_rate:.4g} earned on "
        f"cash, {terms.loan_rate:.4g} paid on cash below 0, {borrow} paid on shares held short."
    )


def _actions(run: Backtest) -> str:
    counted: Counter[int] = Counter()
    for asset in run.setting.dataset.assets:
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


def _currency(run: Backtest) -> str:
    dataset = run.setting.dataset
    others = sorted({asset.currency for asset in dataset.assets} - {dataset.currency})
    if not others:
        return f"All in {dataset.currency}."
    return (
        f"The account is in {dataset.currency}. What is quoted in {_listed(others)} is converted "
        "at the newest known rate, without a spread."
    )


def _data(run: Backtest) -> str:
    dataset = run.setting.dataset
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
    also = f" Besides, bars of {_listed(longer)}, seen once they are complete." if longer else ""
    return f"{'; '.join(each)}{rest}.{also}"


def _calendar(run: Backtest) -> str:
    if run.setting.calendar is not None:
        return "Schedules follow the exchange calendar that was given; bars are as in the data."
    return "None was given: sessions are the days that the bars show."


def _figures(findings: Findings) -> str:
    late = findings.backtest.setting.trade_from
    warm = f" The first {late:,} steps warm up without trading, and count." if late else ""
    return (
        f"Returns from close to close, risk-free rate 0, {findings.periods_per_year:,.6g} bars a "
        "year; CAGR over calendar time. What is not defined, such as a win rate without trades, "
        f"is left blank.{warm}"
    )


def _day(time_ns: int) -> str:
    return str(np.datetime64(int(time_ns), "ns").astype("M8[D]"))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown
