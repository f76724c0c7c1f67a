"""Say in words what a sweep assumed, so that a reader can judge it."""

from __future__ import annotations

from algotrendy.backtest.plan import Plan

_ADJUSTED = {
    "all": "Adjusted for splits and dividends, so that a share is a share of the last day and "
    "dividends count as reinvested. The adjustment knows the whole history: price levels, share "
    "counts and fees of early years are not those a trader saw.",
    "raw": "Prices as traded. A split looks like a crash and a dividend like a loss.",
}
_NOT_MODELLED = (
    "Slippage, market impact, volume limits, interest on cash, borrowing, taxes, delistings. The "
    "symbols were chosen by whoever asked, perhaps because they survived."
)
_STATISTICS = (
    "From close to close, risk-free rate 0, 252 sessions a year; CAGR over calendar time. Figures "
    "that are not defined, such as a win rate without trades, are left blank. Buy and hold runs "
    "through the same engine on the same terms."
)


def assumptions(plan: Plan, ranked_by: str) -> list[tuple[str, str]]:
    """Give the assumptions as terms and sentences."""
    return [
        ("Strategy", f"{plan.strategy.summary} Source: {plan.strategy.source}"),
        ("Orders", _orders(plan)),
        ("Costs", _costs(plan)),
        ("Prices", _ADJUSTED[plan.spec.adjustment]),
        ("Data", _data(plan)),
        ("Trials", _trials(plan, ranked_by)),
        ("Not modelled", _NOT_MODELLED),
        ("Statistics", _STATISTICS),
        ("To repeat it", _identity(plan)),
    ]


def _orders(plan: Plan) -> str:
    shares = "Parts of a share can be bought" if plan.spec.fractional else "Whole shares only"
    return (
        "Market orders. A decision sees bars up to a close and fills at the next bar's open; one "
        f"made at the last bar is not filled. {shares}. Long or flat, no margin: a buy that the "
        "cash cannot pay with its fee is cut, and counted as cut."
    )


def _costs(plan: Plan) -> str:
    spec = plan.spec
    if not spec.fee_bps:
        return f"No fees. Each run starts with {spec.cash:,f} of cash."
    return (
        f"{spec.fee_bps:f} basis points of the value of each fill. Each run starts with "
        f"{spec.cash:,f} of cash, on its own."
    )


def _data(plan: Plan) -> str:
    each = "; ".join(
        f"{pinned.symbol} {pinned.first} to {pinned.last}, {pinned.bars:,} bars of "
        f"{pinned.timeframe} from {pinned.source}, sha256 {pinned.sha256[:16]}"
        for pinned in plan.data
    )
    return f"{plan.spec.start} to {plan.spec.end} asked. {each}."


def _trials(plan: Plan, ranked_by: str) -> str:
    tried = (
        f"{plan.runs:,} runs: {len(plan.combinations):,} of {plan.grid:,} combinations of "
        f"parameters on {len(plan.data)} symbol{'s' if len(plan.data) > 1 else ''}."
    )
    if plan.excluded:
        rules = " and ".join(str(rule) for rule in plan.strategy.rules)
        tried += f" {plan.excluded:,} were left out because they break the rule {rules}."
    if plan.is_sampled:
        tried += f" They are a random sample by seed {plan.spec.seed}."
    if plan.runs == 1:
        return tried
    return (
        f"{tried} The best of {plan.runs:,} by {ranked_by} is better than the strategy: the more "
        "is tried, the luckier the luckiest. Its figures are biased upward and are no forecast. "
        "Look for a broad plateau in the map, not a peak, and test on data that chose nothing."
    )


def _identity(plan: Plan) -> str:
    return (
        f"Engine {plan.engine}, bars version {plan.bars_version}, seed {plan.spec.seed}, plan "
        f"sha256 {plan.sha256}."
    )
