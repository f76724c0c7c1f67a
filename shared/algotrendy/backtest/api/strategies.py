"""Answer ``GET /v1/strategies``: the library, and what each strategy of it may be told."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from algotrendy.backtest.api.access import CAPABILITY, Viewer
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library


class ParameterOut(BaseModel):
    """A number that a strategy is told."""

    name: str
    kind: Literal["int", "float"]
    minimum: float
    maximum: float
    default: float
    help: str


class StrategyOut(BaseModel):
    """A strategy of the library."""

    name: str = Field(description="What a request for a backtest, sweep or walk forward calls it.")
    summary: str
    source: str = Field(description="Where it comes from.")
    parameters: list[ParameterOut]
    rules: list[str] = Field(description="Combinations that break one are not tried.")
    timeframes: list[str] = Field(description="Longer ones that it reads besides the bars' own.")
    assets: int = Field(description="The least that it trades; of 2 or more, no sweep is made.")


class StrategiesOut(BaseModel):
    """The library, by name."""

    strategies: list[StrategyOut]


router = APIRouter(prefix="/v1/strategies", tags=[CAPABILITY])


@router.get("")
def list_strategies(_principal: Viewer) -> StrategiesOut:
    """List the strategies of the library, with their parameters, rules and sources."""
    return StrategiesOut(strategies=[shown(strategy) for strategy in library()])


def shown(strategy: Strategy) -> StrategyOut:
    """Give a strategy as the API has it."""
    return StrategyOut(
        name=strategy.name,
        summary=strategy.summary,
        source=strategy.source,
        parameters=[
            ParameterOut(
                name=each.name,
                kind=each.kind,
                minimum=each.minimum,
                maximum=each.maximum,
                default=each.default,
                help=each.help,
            )
            for each in strategy.parameters
        ],
        rules=[str(rule) for rule in strategy.rules],
        timeframes=list(strategy.timeframes),
        assets=strategy.assets,
    )
