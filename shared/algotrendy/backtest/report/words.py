"""Say in words and figures what a sweep found and assumed, so that a reader can judge it."""

from __future__ import annotations

from datetime import datetime
from math import ceil, isfinite

from algotrendy.backtest.outputs.assumptions import NOT_MODELLED, ORDERS, figures_assumed
from algotrendy.backtest.plan import Plan
from algotrendy.backtest.report.contents import ReportInput
from algotrendy.backtest.shard import Cell
from algotrendy.backtest.statistics.annual import steps_a_year
from algotrendy.market_data.quality.policy import GapPolicy

_ADJUSTED = {
    "all": "Adjusted for splits and dividends, so that a share is a share of the last day and "
    "dividends count as reinvested. The adjustment knows the whole history: price levels, share "
    "counts and fees of early years are not those a trader saw.",
    "split": "Adjusted for splits and not for dividends: a dividend looks like a loss.",
    "dividend": "Adjusted for dividends and not for splits: a split looks like a crash.",
    "raw": "Prices as traded. A split looks like a crash and a dividend like a loss.",
}
GAPS = {
    GapPolicy.KEEP: "",
    GapPolicy.FILL: " Bars that were missing by the exchange's calendar are filled with the close "
    "before them and no volume: they are seen, and nothing is dealt on them.",
    GapPolicy.REFUSE: " No bar is missing by the exchange's calendar, from the first to the last.",
}
_STATISTICS = "Buy and hold runs through the same engine on the same terms."


_NONE = "–"
_FIGURES = (
    ("sharpe", "Sharpe ratio", ".2f"),
    ("cagr", "CAGR", ",.1%"),
    ("total_return", "Total return", ",.1%"),
    ("max_drawdown", "Deepest fall", ".1%"),
    ("volatility", "Volatility", ".1%"),
    ("exposure", "Time in the market", ".0%"),
    ("trades", "Trades", ",.0f"),
    ("win_rate", "Trades won", ".0%"),
)


def subtitle(given: ReportInput) -> str:
    """Tell the size and the period of the sweep in a line."""
    spec, runs, data = given.plan.spec, given.plan.runs, given.plan.data
    first, last = min(pinned.first for pinned in data), max(pinned.last for pinned in data)
    cost = f"{spec.fee_bps:f} bp a fill" if spec.fee_bps else "no fees"
    return f"{_counted(runs, 'run')} · {first} to {last} · {cost}"


def headline(given: ReportInput) -> tuple[str, str]:
    """Name the best run: a title, and what it is best by."""
    run = given.best_run
    chosen = ", ".join(f"{name} {value:g}" for name, value in given.best_parameters.items())
    title = f"Best run: {run.symbol}{', ' + chosen if chosen else ''}"
    if given.plan.runs == 1:
        return f"The run: {run.symbol}", f"Run {run.number}, beside buy and hold of {run.symbol}."
    return title, (
        f"Run {run.number} of {given.plan.runs:,}, the highest {_ratio(given.ranked_by)}; buy and "
        f"hold of {run.symbol} beside it."
    )


def figures(given: ReportInput) -> list[tuple[str, str, str]]:
    """Give the figures to be seen first: label, the best run's, and the benchmark's in words."""
    return [
        (
            label,
            _figure(given.cell(given.best, name), form),
            f"buy and hold {_figure(given.cell(given.benchmark, name), form)}",
        )
        for name, label, form in _FIGURES
    ]


def warning(given: ReportInput) -> str:
    """Say why the best of many is not what to expect; empty for a single run."""
    if given.plan.runs == 1:
        return ""
    ratios = sorted(
        ratio for row in given.rows if (ratio := given.cell(row, given.ranked_by)) is not None
    )
    typical = f" The median run has {ratios[len(ratios) // 2]:.2f}." if ratios else ""
    return (
        f"This is the luckiest of {given.plan.runs:,} tries, so its figures are biased upward and "
        f"are no forecast.{typical} Look for a broad plateau in the map rather than a peak."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _ratio(ranked_by: str) -> str:
    return f"{ranked_by.capitalize()} ratio"


def _figure(value: Cell, form: str) -> str:
    return _NONE if value is None else format(value, form).replace("-", "−")


def verdict(given: ReportInput) -> tuple[str, str]:
    """Say whether the gate lets the winner pass, and by how many trials it was deflated."""
    winner = given.winner
    title = "The gate lets it pass" if winner.verdict.passed else "The gate refuses it"
    shown = winner.evidence
    record = shown.minimum_track_record
    needed = _NONE if record is None or not isfinite(record) else f"{ceil(record):,}"
    overfitting = _figure(shown.overfitting, ".2f")
    overfitting += f" ({winner.why_not})" if winner.why_not else ""
    return title, (
        f"Deflated Sharpe ratio {_figure(shown.deflated_sharpe, '.2f')}, by "
        f"{_counted(shown.trials or 0, 'trial')} on {shown.data}, {winner.own:,} of them here; "
        f"the others are from {winner.counted_in}. Minimum track record length {needed} returns "
        f"of {shown.observations or 0:,}. Probability of backtest overfitting {overfitting}."
    )


def assumptions(given: ReportInput) -> list[tuple[str, str]]:
    """Give the assumptions as terms and sentences."""
    plan = given.plan
    year = steps_a_year(plan.data[0].timeframe, plan.calendar)
    return [
        ("Strategy", _strategy(plan)),
        ("Orders", ORDERS),
        *given.agreed,
        ("Prices", _ADJUSTED[plan.spec.adjustment]),
        ("Data", _data(plan)),
        ("Trials", _trials(plan, given.ranked_by)),
        ("Not modelled", NOT_MODELLED),
        ("Statistics", f"{figures_assumed(year)} {_STATISTICS}"),
        ("To repeat it", _identity(plan)),
    ]


def _strategy(plan: Plan) -> str:
    fixed = ", ".join(
        f"`{name}` {values[0]:g}"
        for name, values in plan.columns().items()
        if len(set(values)) == 1
    )
    held = f" Not varied: {fixed}." if fixed else ""
    return f"{plan.strategy.summary}{held} Source: {plan.strategy.source}"


def _data(plan: Plan) -> str:
    each = "; ".join(
        f"{pinned.symbol} {pinned.first} to {pinned.last}, {pinned.bars:,} bars of "
        f"{pinned.timeframe} from {pinned.source}, sha256 {pinned.sha256[:16]}"
        for pinned in plan.data
    )
    together = " All are traded together." if plan.spec.together else ""
    said = known_as_of(plan.spec.as_of) + GAPS[plan.spec.gaps]
    return f"{plan.spec.start} to {plan.spec.end} asked. {each}.{together}{said}"


def known_as_of(moment: datetime | None) -> str:
    """Say what was known when the bars were read; nothing when it was all."""
    if moment is None:
        return ""
    return (
        f" Bars and corporate actions as they were recorded by {moment:%Y-%m-%d %H:%M:%S} UTC: "
        "later corrections are not seen."
    )


def _trials(plan: Plan, ranked_by: str) -> str:
    tried = (
        f"{_counted(plan.runs, 'run')}: {len(plan.combinations):,} of "
        f"{_counted(plan.grid, 'combination')} of parameters on "
        f"{_counted(len(plan.markets), 'market')}."
    )
    if plan.excluded:
        rules = " and ".join(str(rule) for rule in plan.strategy.rules)
        tried += f" Left out, as they break the rule {rules}: {plan.excluded:,}."
    if plan.is_sampled:
        tried += f" They are a random sample by seed {plan.spec.seed}."
    if plan.runs == 1:
        return tried
    return (
        f"{tried} The best of {plan.runs:,} by {_ratio(ranked_by)} looks better than the strategy "
        "is: the more is tried, the luckier the luckiest. Test what you choose on data that had no "
        "part in choosing it."
    )


def _identity(plan: Plan) -> str:
    return (
        f"Engine {plan.engine}, bars version {plan.bars_version}, seed {plan.spec.seed}, plan "
        f"sha256 {plan.sha256}."
    )
