"""Make a strategy of a function, in a notebook or a file of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Decide, OnFill, Strategy
from algotrendy.strategy.indicators import bars_before
from algotrendy.strategy.own import Indicators, State
from algotrendy.strategy.parameters import Parameter, Rule, Value, Values
from algotrendy.strategy.schedules import Schedule

_WIDEST = 10**9


def strategy(
    *,
    parameters: Mapping[str, Value | Parameter] | Sequence[Parameter] = (),
    indicators: Indicators | None = None,
    state: State | None = None,
    rules: Sequence[Rule] = (),
    timeframes: Sequence[str] = (),
    assets: int = 1,
    on_fill: OnFill | None = None,
    schedules: Sequence[tuple[Schedule, Decide]] = (),
    warm_up: Callable[[Values], int] | None = None,
    name: str = "",
    source: str = "",
) -> Callable[[Decide], Strategy]:
    """Turn the function below into a strategy, which `backtest` runs.

        @strategy(parameters={"fast": 20, "slow": 50},
                  indicators={"fast": sma("fast"), "slow": sma("slow")})
        def cross(market, own, p):
            if market.position == 0.0 and own.fast > own.slow:
                market.invest()
            elif own.fast < own.slow:
                market.exit()

    Args:
        parameters: By name their defaults, whole numbers or not as the defaults are, or
            `Parameter` where a range is to be kept to.
        indicators: By name what is brought up to date before each call: ``own.<name>``.
        state: By name what is remembered: a float with its first value, or a `Vector`.
        rules: Constraints between parameters.
        timeframes: Longer timeframes that are read besides the one of the bars.
        assets: The least number of assets that it needs.
        on_fill: Called for each fill, with ``(market, own, p, fill)``.
        schedules: Pairs of a schedule and what is called when it is due.
        warm_up: Bars before its first order, of the parameters; by default its indicators'.
        name: The function's, if not given.
        source: Where the idea comes from.
    """

    def make(decide: Decide) -> Strategy:
        declared = dict(indicators or {})
        return Strategy(
            name=name or decide.__name__.strip("_"),
            summary=(decide.__doc__ or "").strip().partition("\n")[0],
            source=source,
            parameters=tuple(_parameters(parameters)),
            decide=decide,
            warm_up=warm_up or (lambda values: _bars_before(declared, values)),
            rules=tuple(rules),
            state=dict(state or {}),
            indicators=declared,
            timeframes=tuple(timeframes),
            assets=assets,
            on_fill=on_fill,
            schedules=tuple(schedules),
        )

    return make


def _parameters(
    given: Mapping[str, Value | Parameter] | Sequence[Parameter],
) -> list[Parameter]:
    if not isinstance(given, Mapping):
        return list(given)
    return [
        value if isinstance(value, Parameter) else _plain(name, value)
        for name, value in given.items()
    ]


def _plain(name: str, default: Value) -> Parameter:
    if isinstance(default, bool) or not isinstance(default, int | float):
        raise Invalid(f"parameters.{name}", "a number, or a Parameter", default)
    if isinstance(default, int):
        return Parameter(name, "int", -_WIDEST, _WIDEST, default, "")
    return Parameter(name, "float", -_WIDEST, _WIDEST, default, "")


def _bars_before(declared: Indicators, values: Values) -> int:
    return max(bars_before(declared, values).values(), default=0) + 1
