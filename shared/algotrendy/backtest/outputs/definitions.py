"""Name every figure of a run, and say how it is written and what it means."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Form = Literal["percent", "number", "count", "money", "days", "price"]

NONE: Final = "–"


class Figure(NamedTuple):
    """One figure: its field, its label, how it is written, and its definition in a sentence."""

    name: str
    label: str
    form: Form
    definition: str


GROWTH: Final = (
    Figure("total_return", "Total return", "percent", "Final equity over initial, less 1."),
    Figure("cagr", "CAGR", "percent", "The yearly rate that gives the same over calendar time."),
    Figure(
        "annual_return",
        "Annual return by bars",
        "percent",
        "The same over bars divided by the bars of a year instead of calendar time.",
    ),
    Figure("years", "Years", "number", "Calendar time in years of 365.25 days."),
    Figure("bars", "Returns", "count", "How many returns from close to close there are."),
    Figure("mean_bar", "Mean bar", "percent", "Arithmetic mean of the returns of one bar."),
    Figure("mean_day", "Mean day", "percent", "Mean of the returns compounded over UTC days."),
    Figure("best_day", "Best day", "percent", "Highest return of a day."),
    Figure("worst_day", "Worst day", "percent", "Lowest return of a day."),
    Figure(
        "day_win_rate", "Days won", "percent", "Days with a gain among those that gained or lost."
    ),
    Figure("mean_month", "Mean month", "percent", "Mean of the returns of calendar months."),
    Figure("best_month", "Best month", "percent", "Highest return of a month."),
    Figure("worst_month", "Worst month", "percent", "Lowest return of a month."),
    Figure(
        "month_win_rate",
        "Months won",
        "percent",
        "Months with a gain among those that gained or lost.",
    ),
    Figure("mean_year", "Mean year", "percent", "Mean of the returns of calendar years."),
    Figure("best_year", "Best year", "percent", "Highest return of a year; it may be a part."),
    Figure("worst_year", "Worst year", "percent", "Lowest return of a year; it may be a part."),
    Figure(
        "year_win_rate",
        "Years won",
        "percent",
        "Years with a gain among those that gained or lost.",
    ),
)
RISK: Final = (
    Figure(
        "volatility",
        "Volatility",
        "percent",
        "Standard deviation of the returns (n − 1), annualised.",
    ),
    Figure(
        "downside_deviation",
        "Downside deviation",
        "percent",
        "Root mean square of the negative returns over all n, annualised.",
    ),
    Figure("skew", "Skew", "number", "Skewness of the returns, corrected for the sample's size."),
    Figure(
        "kurtosis",
        "Excess kurtosis",
        "number",
        "Fat tails: 0 for the normal distribution; corrected for the sample's size.",
    ),
    Figure(
        "tail_ratio",
        "Tail ratio",
        "number",
        "The 95 % quantile of the returns over the 5 % one, both without sign.",
    ),
    Figure("var", "Value at risk 5 %", "percent", "The 5 % quantile of the returns of one bar."),
    Figure("cvar", "Expected shortfall 5 %", "percent", "Mean of the worst 5 % of the returns."),
    Figure(
        "var_normal",
        "Value at risk, normal",
        "percent",
        "The 5 % quantile of a normal distribution of the same mean and deviation.",
    ),
    Figure(
        "cvar_normal",
        "Expected shortfall, normal",
        "percent",
        "The mean of that normal distribution below its 5 % quantile.",
    ),
)
RATIOS: Final = (
    Figure(
        "sharpe", "Sharpe ratio", "number", "Annualised mean return over volatility, risk-free 0."
    ),
    Figure(
        "sortino",
        "Sortino ratio",
        "number",
        "Annualised mean return over the downside deviation.",
    ),
    Figure("calmar", "Calmar ratio", "number", "CAGR over the deepest drawdown."),
    Figure("omega", "Omega", "number", "Sum of the gains over the sum of the losses of all bars."),
    Figure(
        "gain_to_pain",
        "Gain to pain, months",
        "number",
        "Sum of the monthly returns over the sum of the negative ones.",
    ),
    Figure(
        "gain_to_pain_bar",
        "Gain to pain, bars",
        "number",
        "The same of the bars: omega less 1.",
    ),
    Figure(
        "kelly",
        "Kelly share",
        "percent",
        "Share of wealth that a bet with the bars' odds calls for; below 0 it is no good bet.",
    ),
    Figure("common_sense", "Common sense ratio", "number", "Omega times the tail ratio."),
    Figure("ulcer_performance", "Ulcer performance", "number", "CAGR over the ulcer index."),
    Figure("stability", "Stability", "number", "R squared of log wealth over time."),
)
DRAWDOWNS: Final = (
    Figure("deepest", "Deepest drawdown", "percent", "Lowest fall of the equity from a peak."),
    Figure("average", "Mean drawdown", "percent", "Mean depth of all falls."),
    Figure("count", "Drawdowns", "count", "How many falls below a peak there are."),
    Figure("longest_bars", "Longest, bars", "count", "Most bars spent below one peak."),
    Figure(
        "longest_days",
        "Longest, days",
        "days",
        "Most calendar days from a peak to its recovery, or to the end.",
    ),
    Figure("average_bars", "Mean length, bars", "number", "Mean number of bars below a peak."),
    Figure("average_days", "Mean length, days", "days", "Mean calendar days below a peak."),
    Figure("under_water", "Time under water", "percent", "Share of the bars below a peak."),
    Figure("current", "At the end", "percent", "How far below its peak the run ends."),
    Figure(
        "ulcer_index", "Ulcer index", "percent", "Root mean square of the drawdowns of all bars."
    ),
)
ACTIVITY: Final = (
    Figure(
        "exposure",
        "Time in the market",
        "percent",
        "Share of the bars at whose close something was held.",
    ),
    Figure(
        "mean_leverage",
        "Mean leverage",
        "number",
        "Mean of the gross market value over the equity at the closes.",
    ),
    Figure("most_leverage", "Most leverage", "number", "The highest of it."),
    Figure(
        "turnover",
        "Turnover a year",
        "number",
        "Half the traded notional over the mean equity, a year.",
    ),
    Figure("fills", "Fills", "count", "How many fills traded anything."),
    Figure("fees", "Fees", "money", "Paid in all."),
    Figure(
        "fees_to_profit", "Fees to profit", "percent", "Fees over the profit before fees, if any."
    ),
)
TRADES: Final = (
    Figure("count", "Trades", "count", "Closed round trips, from flat to flat."),
    Figure("wins", "Won", "count", "Trades with a profit after fees."),
    Figure("losses", "Lost", "count", "Trades with a loss after fees."),
    Figure("win_rate", "Win rate", "percent", "Trades won over all."),
    Figure(
        "profit_factor", "Profit factor", "number", "What the wins made over what the losses lost."
    ),
    Figure("payoff", "Payoff", "number", "Mean win over mean loss."),
    Figure("expectancy", "Expectancy", "money", "Mean profit of a trade, after fees."),
    Figure("mean_return", "Mean return", "percent", "Mean of profit over what was put in."),
    Figure("median_return", "Median return", "percent", "Median of the same."),
    Figure("best", "Best profit", "money", "Highest profit of a trade."),
    Figure("worst", "Worst loss", "money", "Lowest profit of a trade."),
    Figure("best_return", "Best return", "percent", "Highest return of a trade."),
    Figure("worst_return", "Worst return", "percent", "Lowest return of a trade."),
    Figure("most_wins_running", "Wins running", "count", "Most wins one after the other."),
    Figure("most_losses_running", "Losses running", "count", "Most losses one after the other."),
    Figure("mean_hold", "Mean bars held", "number", "Mean bars from entry to exit."),
    Figure("median_hold", "Median bars held", "number", "Median bars from entry to exit."),
    Figure(
        "system_quality",
        "System quality",
        "number",
        "Mean profit over its deviation, times the root of the count: standard errors from 0.",
    ),
    Figure("fees", "Fees of trades", "money", "Paid on closed round trips."),
    Figure(
        "mean_adverse",
        "Mean adverse excursion",
        "percent",
        "Mean of how far the price went against a trade, of the entry price.",
    ),
    Figure("worst_adverse", "Worst adverse excursion", "percent", "The worst of it."),
    Figure(
        "mean_favourable",
        "Mean favourable excursion",
        "percent",
        "Mean of how far the price went in favour of a trade, of the entry price.",
    ),
    Figure("best_favourable", "Best favourable excursion", "percent", "The best of it."),
)
BENCHMARK: Final = (
    Figure("beta", "Beta", "number", "Covariance with the benchmark over its variance."),
    Figure(
        "alpha",
        "Alpha a year",
        "percent",
        "Mean return less beta times the benchmark's, times the bars of a year.",
    ),
    Figure("correlation", "Correlation", "number", "Pearson's, of the returns."),
    Figure("r_squared", "R squared", "number", "Its square."),
    Figure(
        "excess_return",
        "Excess return a year",
        "percent",
        "Mean return less the benchmark's, times the bars of a year.",
    ),
    Figure(
        "tracking_error",
        "Tracking error",
        "percent",
        "Standard deviation of the difference of returns, annualised.",
    ),
    Figure(
        "information_ratio", "Information ratio", "number", "Excess return over tracking error."
    ),
    Figure("capture", "Capture", "percent", "Annualised compound return over the benchmark's."),
    Figure("up_capture", "Capture when it rose", "percent", "The same over bars in which it rose."),
    Figure(
        "down_capture", "Capture when it fell", "percent", "The same over bars in which it fell."
    ),
    Figure(
        "batting_average", "Batting average", "percent", "Share of the bars in which it did better."
    ),
)
CONFIDENCE: Final = (
    Figure("sharpe_per_bar", "Sharpe of one bar", "number", "The Sharpe ratio, not annualised."),
    Figure(
        "sharpe_error",
        "Its standard error",
        "number",
        "Under the skewness and kurtosis of the returns.",
    ),
    Figure(
        "probabilistic_sharpe",
        "Probabilistic Sharpe",
        "percent",
        "Probability that the true Sharpe ratio is above 0 (Bailey and López de Prado 2012).",
    ),
    Figure(
        "minimum_track_record",
        "Minimum track record",
        "count",
        "Bars that are needed to say so with 95 % confidence.",
    ),
    Figure("trials", "Trials", "count", "How many runs this one was chosen from, if it was said."),
    Figure(
        "expected_maximum",
        "Best of luck",
        "number",
        "The best Sharpe ratio of one bar to expect of so many trials without skill.",
    ),
    Figure(
        "deflated_sharpe",
        "Deflated Sharpe",
        "percent",
        "Probability that the true ratio is above 0 after so many trials (the same, 2014).",
    ),
    Figure(
        "minimum_backtest_years",
        "Minimum backtest, years",
        "number",
        "Years below which so many trials without skill may well show such a Sharpe ratio.",
    ),
)

KEY: Final = (
    Figure("total_return", "Total return", "percent", GROWTH[0].definition),
    Figure("cagr", "CAGR", "percent", GROWTH[1].definition),
    Figure("sharpe", "Sharpe ratio", "number", RATIOS[0].definition),
    Figure("max_drawdown", "Deepest drawdown", "percent", DRAWDOWNS[0].definition),
    Figure("volatility", "Volatility", "percent", RISK[0].definition),
    Figure("exposure", "Time in the market", "percent", ACTIVITY[0].definition),
    Figure("trades", "Trades", "count", TRADES[0].definition),
    Figure("win_rate", "Win rate", "percent", TRADES[3].definition),
)
"""The figures to be seen first, of a sweep's row."""

COMPARED: Final = (
    Figure("final_equity", "Final equity", "money", "At the last close."),
    *KEY,
    Figure("sortino", "Sortino ratio", "number", RATIOS[1].definition),
    Figure("calmar", "Calmar ratio", "number", RATIOS[2].definition),
    Figure("profit_factor", "Profit factor", "number", TRADES[4].definition),
    Figure("turnover", "Turnover a year", "number", ACTIVITY[3].definition),
    Figure("fees", "Fees", "money", "Paid in all."),
    Figure("orders_cut", "Fills cut", "count", "By cash, holdings or whole units."),
    Figure("orders_unfilled", "Orders unfilled", "count", "Still open at the end."),
)
"""The figures by which scenarios are compared, of a sweep's row."""


def written(value: float | None, form: Form) -> str:
    """Write a figure for people."""
    if value is None:
        return NONE
    if form == "percent":
        text = f"{value:,.1%}" if abs(value) >= 0.01 or value == 0 else f"{value:.3%}"
    elif form in ("count", "money"):
        text = f"{value:,.0f}"
    elif form == "days":
        text = f"{value:,.1f}"
    elif form == "price":
        text = f"{value:,.6g}"
    else:
        text = f"{value:,.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")
