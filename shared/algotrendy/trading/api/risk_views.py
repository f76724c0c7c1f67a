"""Read and show what people decide about risk: limits, trading states, kill switches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from algotrendy.kernel.errors import JsonValue
from algotrendy.risk.limits import (
    AccountLimits,
    Limits,
    StrategyLimits,
    SymbolLimits,
    TradingState,
)
from algotrendy.risk.records import KillSwitch, LimitsVersion, StateChange
from algotrendy.trading.api.values import Body, example

_Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why; kept in the audit.")]

LIMITS_EXAMPLES: Any = {
    "limits": example(
        {
            "version": 1,
            "account": {
                "order_notional": "50000",
                "gross_exposure": "200000",
                "concentration": "0.25",
                "daily_loss": "2500",
                "price_collar": "0.05",
                "order_rate": {"orders": 100, "window_s": 60},
                "restricted": ["GME"],
                "value_at_risk": {"loss": "4000", "confidence": "0.95"},
                "stress_loss": "25000",
            },
            "strategies": [{"strategy": "trend", "position_notional": "20000"}],
            "symbols": [{"symbol": "TSLA", "order_quantity": "100"}],
            "reason": "first limits",
        },
        "Limits of the account, of one strategy, of one symbol",
    )
}
STATE_EXAMPLES: Any = {
    "reduce": example({"state": "reducing", "reason": "news this evening"}),
    "strategy": example({"state": "halted", "strategy": "trend", "reason": "it misbehaves"}),
}
SWITCH_EXAMPLES: Any = {
    "now": example({"flatten": False, "reason": "prices look wrong"}, "Stop, keep positions"),
    "tonight": example(
        {"flatten": True, "reason": "weekend", "at": "2026-11-27T20:55:00Z"}, "Close all, later"
    ),
}


class LimitsIn(Body):
    """The next version of an account's limits; what is left out stays as it is.

    Sums are in the account's currency, fractions of one, decimals in strings. A limit that is
    absent does not bind.
    """

    version: int = Field(ge=1, description="That you have seen, and build on.")
    account: AccountLimits | None = None
    strategies: tuple[StrategyLimits, ...] | None = None
    symbols: tuple[SymbolLimits, ...] | None = None
    reason: _Reason

    def changes(self) -> dict[str, JsonValue]:
        """Give the parts that were given, as JSON values."""
        parts = {"account", "strategies", "symbols"} & self.model_fields_set
        found: dict[str, JsonValue] = self.model_dump(mode="json", include=parts)
        return {name: value for name, value in found.items() if value is not None}


class LimitsOut(BaseModel):
    """One version of an account's limits; who made the first one is nobody."""

    version: int
    account: AccountLimits
    strategies: tuple[StrategyLimits, ...]
    symbols: tuple[SymbolLimits, ...]
    by: str | None
    reason: str | None
    at: datetime | None


class LimitsVersionsOut(BaseModel):
    """Versions of an account's limits, newest first."""

    versions: list[LimitsOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class StateIn(Body):
    """A trading state for an account, or for one strategy of it."""

    state: TradingState = Field(
        description="`reducing` takes only orders that make positions smaller; `halted` takes none."
    )
    strategy: str | None = Field(None, min_length=1, max_length=128)
    reason: _Reason


class StateOut(BaseModel):
    """A trading state, and who set it; nobody where it was never set."""

    strategy: str | None = Field(description="Null for the account.")
    state: TradingState
    by: str | None
    reason: str | None
    at: datetime | None


class StatesOut(BaseModel):
    """What an account may do, and what single strategies may."""

    account: str
    state: TradingState
    states: list[StateOut] = Field(description="The account's first, then by strategy.")


class SwitchIn(Body):
    """An order to stop everything on an account."""

    flatten: bool = Field(description="Close every position too, at the market.")
    reason: _Reason
    at: datetime | None = Field(None, description="When; now where it is left out.")


class SwitchOut(BaseModel):
    """A kill switch, and how far it is."""

    id: UUID
    account: str
    flatten: bool
    state: str = Field(description="scheduled, acting, done or revoked.")
    by: str
    reason: str
    asked_at: datetime
    due_at: datetime
    pulled_at: datetime | None = Field(description="When the account was halted by it.")
    done_at: datetime | None = Field(description="When no order was open, and all was flat.")
    revoked_at: datetime | None


class SwitchesOut(BaseModel):
    """Kill switches, newest first."""

    kill_switches: list[SwitchOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


def limits_out(limits: Limits, version: LimitsVersion | None = None) -> LimitsOut:
    """Show limits, and who made them."""
    return LimitsOut(
        version=limits.version,
        account=limits.account,
        strategies=limits.strategies,
        symbols=limits.symbols,
        by=None if version is None else version.by,
        reason=None if version is None else version.reason,
        at=None if version is None else version.at,
    )


def state_out(change: StateChange) -> StateOut:
    """Show a trading state."""
    return StateOut(
        strategy=change.strategy,
        state=change.state,
        by=change.by,
        reason=change.reason,
        at=change.at,
    )


def switch_out(switch: KillSwitch) -> SwitchOut:
    """Show a kill switch."""
    return SwitchOut(
        id=switch.id,
        account=switch.account,
        flatten=switch.flatten,
        state=_state(switch),
        by=switch.by,
        reason=switch.reason,
        asked_at=switch.asked_at,
        due_at=switch.due_at,
        pulled_at=switch.pulled_at,
        done_at=switch.done_at,
        revoked_at=switch.revoked_at,
    )


def _state(switch: KillSwitch) -> str:
    if switch.is_acting:
        return "acting"
    if switch.done_at is not None:
        return "done"
    return "scheduled" if switch.revoked_at is None else "revoked"
