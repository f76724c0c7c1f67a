"""Say what each route of the API needs: the one table. A route that is not here is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from algotrendy.identity.permissions import Permission


class LimitClass(StrEnum):
    """Routes whose requests count together for a caller's limits."""

    READ = "read"
    RESEARCH = "research"
    TRADE = "trade"
    ADMIN = "admin"
    PUBLIC = "public"


class Open(Enum):
    """What stands in place of a permission where none is needed."""

    PUBLIC = "anybody"
    SIGNED_IN = "whoever has signed in"


PUBLIC: Final = Open.PUBLIC
SIGNED_IN: Final = Open.SIGNED_IN


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of its caller.

    Args:
        needs: A permission, or PUBLIC, or SIGNED_IN.
        limit_class: With which routes it is counted.
        fresh: Whether the caller must be a person who signed in minutes ago.
    """

    needs: Permission | Open
    limit_class: LimitClass
    fresh: bool = False

    @property
    def is_public(self) -> bool:
        """Say whether it is open to anybody."""
        return self.needs is PUBLIC


def _read(permission: Permission | Open) -> Access:
    return Access(permission, LimitClass.READ)


def _research(permission: Permission) -> Access:
    return Access(permission, LimitClass.RESEARCH)


def _trade(permission: Permission, *, fresh: bool = False) -> Access:
    return Access(permission, LimitClass.TRADE, fresh)


def _admin(permission: Permission, *, fresh: bool = False) -> Access:
    return Access(permission, LimitClass.ADMIN, fresh)


_OPEN: Final = Access(PUBLIC, LimitClass.PUBLIC)
_CAPABILITIES: Final = ("backtest", "identity", "live", "market_data", "operations", "trading")

_PUBLIC_ROUTES: Mapping[tuple[str, str], Access] = {
    ("GET", "/docs"): _OPEN,
    ("GET", "/docs/{asset}"): _OPEN,
    ("GET", "/openapi.json"): _OPEN,
} | {
    ("GET", f"/{capability}/{probe}"): _OPEN
    for capability in _CAPABILITIES
    for probe in ("health", "ready")
}

_IDENTITY: Mapping[tuple[str, str], Access] = {
    ("GET", "/v1/me"): _read(SIGNED_IN),
    ("GET", "/v1/api-keys"): _read(Permission.KEYS_OWN),
    ("POST", "/v1/api-keys"): _admin(Permission.KEYS_OWN, fresh=True),
    ("POST", "/v1/api-keys/{key_id}/rotate"): _admin(Permission.KEYS_OWN, fresh=True),
    ("DELETE", "/v1/api-keys/{key_id}"): _admin(Permission.KEYS_OWN, fresh=True),
    ("GET", "/v1/flags"): _read(Permission.FLAGS_READ),
    ("PUT", "/v1/flags/{name}"): _admin(Permission.FLAGS_CHANGE, fresh=True),
    ("PUT", "/v1/live-switch"): _admin(Permission.LIVE_SWITCH, fresh=True),
    ("GET", "/v1/audit/entries"): _read(Permission.AUDIT_READ),
    ("GET", "/v1/audit/verification"): _admin(Permission.AUDIT_READ),
}

_MARKET_DATA: Mapping[tuple[str, str], Access] = {
    ("GET", "/v1/bars"): _read(Permission.BARS_READ),
    ("GET", "/v1/bars/{symbol}"): _read(Permission.BARS_READ),
    ("GET", "/v1/symbols"): _read(Permission.BARS_READ),
    ("GET", "/v1/quality"): _read(Permission.BARS_READ),
    ("GET", "/v1/quotes"): _read(Permission.QUOTES_READ),
}

_RESEARCH: Mapping[tuple[str, str], Access] = {
    ("GET", "/v1/strategies"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/gate"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/trials"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/trials/tried"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/backtests"): _read(Permission.RESEARCH_READ),
    ("POST", "/v1/backtests"): _research(Permission.RESEARCH_RUN),
    ("GET", "/v1/backtests/{backtest_id}"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/sweeps"): _read(Permission.RESEARCH_READ),
    ("POST", "/v1/sweeps"): _research(Permission.RESEARCH_RUN),
    ("GET", "/v1/sweeps/{sweep_id}"): _read(Permission.RESEARCH_READ),
    ("POST", "/v1/sweeps/{sweep_id}/cancel"): _research(Permission.RESEARCH_RUN),
    ("GET", "/v1/walk-forwards"): _read(Permission.RESEARCH_READ),
    ("POST", "/v1/walk-forwards"): _research(Permission.RESEARCH_RUN),
    ("GET", "/v1/walk-forwards/{walk_forward_id}"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/walk-forwards/{walk_forward_id}/curve"): _read(Permission.RESEARCH_READ),
    ("POST", "/v1/walk-forwards/{walk_forward_id}/cancel"): _research(Permission.RESEARCH_RUN),
}

_VERSION: Final = "/v1/strategies/{name}/versions/{version}"
_LIVE: Mapping[tuple[str, str], Access] = {
    ("POST", "/v1/strategies"): _research(Permission.STRATEGIES_REGISTER),
    ("GET", "/v1/strategies/registered"): _read(Permission.RESEARCH_READ),
    ("GET", "/v1/strategies/{name}/versions"): _read(Permission.RESEARCH_READ),
    ("GET", _VERSION): _read(Permission.RESEARCH_READ),
    # Who may promote to which stage, and that live asks for the password, says live/promoting.py.
    ("POST", f"{_VERSION}/promotion"): _trade(Permission.STRATEGIES_PROMOTE),
    ("GET", "/v1/strategy-runs/{run_id}/parity"): _read(Permission.ORDERS_READ),
    ("GET", "/v1/strategy-runs"): _read(Permission.ORDERS_READ),
    ("POST", "/v1/strategy-runs"): _trade(Permission.STRATEGIES_RUN),
    ("GET", "/v1/strategy-runs/{run_id}"): _read(Permission.ORDERS_READ),
    ("PUT", "/v1/strategy-runs/{run_id}/state"): _trade(Permission.STRATEGIES_RUN),
    ("GET", "/v1/strategy-runs/{run_id}/steps"): _read(Permission.ORDERS_READ),
    ("GET", "/v1/strategy-runs/{run_id}/profit-and-loss"): _read(Permission.ORDERS_READ),
}

_TRADING: Mapping[tuple[str, str], Access] = {
    ("GET", "/v1/orders"): _read(Permission.ORDERS_READ),
    ("POST", "/v1/orders"): _trade(Permission.ORDERS_PLACE),
    ("GET", "/v1/orders/{order_id}"): _read(Permission.ORDERS_READ),
    ("PATCH", "/v1/orders/{order_id}"): _trade(Permission.ORDERS_PLACE),
    ("DELETE", "/v1/orders/{order_id}"): _trade(Permission.ORDERS_PLACE),
    ("POST", "/v1/orders/{order_id}/approval"): _trade(Permission.ORDERS_APPROVE),
    ("GET", "/v1/parent-orders"): _read(Permission.ORDERS_READ),
    ("POST", "/v1/parent-orders"): _trade(Permission.ORDERS_PLACE),
    ("GET", "/v1/parent-orders/{parent_id}"): _read(Permission.ORDERS_READ),
    ("PATCH", "/v1/parent-orders/{parent_id}"): _trade(Permission.ORDERS_PLACE),
    ("DELETE", "/v1/parent-orders/{parent_id}"): _trade(Permission.ORDERS_PLACE),
    ("GET", "/v1/accounts"): _read(Permission.ACCOUNTS_READ),
    ("POST", "/v1/accounts"): _trade(Permission.ACCOUNTS_MANAGE),
    ("POST", "/v1/transfers"): _trade(Permission.TRANSFERS_MAKE),
    ("GET", "/v1/accounts/{account}/access"): _read(Permission.ACCESS_READ),
    ("PUT", "/v1/accounts/{account}/access"): _admin(Permission.ACCESS_CHANGE, fresh=True),
    ("DELETE", "/v1/accounts/{account}/access"): _admin(Permission.ACCESS_CHANGE, fresh=True),
    ("GET", "/v1/positions"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/closed-lots"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/fills"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/activities"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/reconciliations"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/audit"): _read(Permission.ACCOUNTS_READ),
    ("GET", "/v1/risk"): _read(Permission.RISK_READ),
    ("GET", "/v1/limits"): _read(Permission.RISK_READ),
    ("PUT", "/v1/limits"): _trade(Permission.LIMITS_CHANGE, fresh=True),
    ("GET", "/v1/limits/versions"): _read(Permission.RISK_READ),
    ("GET", "/v1/trading-state"): _read(Permission.RISK_READ),
    # It also takes back what a kill switch did.
    ("PUT", "/v1/trading-state"): _trade(Permission.TRADING_STATE_CHANGE, fresh=True),
    ("GET", "/v1/kill-switch"): _read(Permission.RISK_READ),
    ("POST", "/v1/kill-switch"): _trade(Permission.KILL_SWITCH, fresh=True),
    ("DELETE", "/v1/kill-switch/{switch_id}"): _trade(Permission.KILL_SWITCH, fresh=True),
}

ROUTES: Mapping[tuple[str, str], Access] = MappingProxyType(
    {**_PUBLIC_ROUTES, **_IDENTITY, **_MARKET_DATA, **_RESEARCH, **_LIVE, **_TRADING}
)
