"""Answer ``/v2/account``, its configurations and its activities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from pydantic import Field, StrictBool

from algotrendy.exchange.alpaca_api.activities import ActivitiesQuery, paged
from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.parsing import Number, Sent, body_of, query_of
from algotrendy.exchange.alpaca_api.portfolio import PortfolioQuery, portfolio_json
from algotrendy.exchange.alpaca_api.problems import answer
from algotrendy.exchange.alpaca_api.results import (
    AccountResult,
    ActivityResult,
    ConfigurationResult,
    PortfolioResult,
)
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import Json, activity_json, number_text, time_text
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Account, Activity, ActivityType, Balances
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.order import Side
from algotrendy.market_data.calendar import NEW_YORK, us_equities

TAG: Final = "account"
# Alpaca's changelog of 2026-06-03: what tells of pattern day traders is removed on this day.
DAY_TRADER_FIELDS_END: Final = date(2026, 7, 6)
_MULTIPLIERS: Final = (1, 2, 4)
_PATTERN: Final = 4
_ZONE: Final = ZoneInfo(NEW_YORK)


class ConfigurationBody(Sent):
    """What to set; what is absent or null stays."""

    fractional_trading: StrictBool | None = None
    max_margin_multiplier: Number | None = Field(None, description="1, 2 or 4.")
    no_shorting: StrictBool | None = None
    suspend_trade: StrictBool | None = None
    trade_confirm_email: Literal["all", "none"] | None = None
    ptp_no_exception_entry: StrictBool | None = None
    max_options_trading_level: int | None = None
    dtbp_check: Literal["both", "entry", "exit"] | None = None
    pdt_check: Literal["both", "entry", "exit"] | None = None

    def settings(self) -> dict[str, bool | int]:
        """Give what the venue keeps: the rest is taken, and changes nothing."""
        found: dict[str, bool | int] = {}
        if self.fractional_trading is not None:
            found["fractional"] = self.fractional_trading
        if self.no_shorting is not None:
            found["shorting"] = not self.no_shorting
        if self.suspend_trade is not None:
            found["blocked"] = self.suspend_trade
        if self.max_margin_multiplier is not None:
            if self.max_margin_multiplier not in _MULTIPLIERS:
                was = self.max_margin_multiplier
                message = f"max_margin_multiplier must be 1, 2 or 4, was {was}"
                raise Refused(Reason.INVALID, message)
            found["multiplier"] = int(self.max_margin_multiplier)
        return found


def add_account(routes: Routes, floor: Floor) -> None:
    """Add the routes of the account."""
    venue = floor.venue

    async def account(request: Request) -> Response:
        """Show the account and its sums at present prices."""
        found = signed_in(venue, request.headers)
        now = floor.now()
        written = account_json(found, venue.balances(found.id), now)
        if now.date() < DAY_TRADER_FIELDS_END:
            written |= day_trader_json(venue, found, now)
        return answer(written)

    async def configurations(request: Request) -> Response:
        """Show what the customer has set."""
        return answer(configuration_json(signed_in(venue, request.headers)))

    async def configure(request: Request) -> Response:
        """Set what the customer may."""
        found = signed_in(venue, request.headers)
        settings = (await body_of(request, ConfigurationBody)).settings()

        def command(venue: Venue, now: datetime) -> Json:
            return configuration_json(venue.configure(found.id, now, **settings))

        return answer(await floor.run(command))

    async def activities(request: Request) -> Response:
        """List what changed the account, newest first by default.

        The next page's page_token is the id of this page's last entry.
        """
        found = signed_in(venue, request.headers)
        query = query_of(request, ActivitiesQuery)
        kind = request.path_params.get("activity_type")
        page = paged(venue.activities(found.id), query, kind)
        return answer([activity_json(activity) for activity in page])

    async def portfolio(request: Request) -> Response:
        """Show equity over time.

        Between two fills, and between a fill and a close, it is the equity of the earlier one.
        """
        found = signed_in(venue, request.headers)
        return answer(portfolio_json(floor, found, query_of(request, PortfolioQuery)))

    add = routes.add
    add("GET", "/v2/account", account, tag=TAG, result=AccountResult)
    path = "/v2/account/configurations"
    add("GET", path, configurations, tag=TAG, result=ConfigurationResult)
    add("PATCH", path, configure, tag=TAG, body=ConfigurationBody, result=ConfigurationResult)
    for path in ("/v2/account/activities", "/v2/account/activities/{activity_type}"):
        query = ActivitiesQuery
        add("GET", path, activities, tag=TAG, query=query, result=ActivityResult, many=True)
    path = "/v2/account/portfolio/history"
    add("GET", path, portfolio, tag=TAG, query=PortfolioQuery, result=PortfolioResult)


def account_json(account: Account, balances: Balances, now: datetime) -> Json:
    """Write an account; what is not modelled is null, never invented."""
    power = number_text(balances.buying_power)
    cash_power = number_text(balances.non_marginable_buying_power)
    invested = balances.long_market_value + abs(balances.short_market_value)
    equity = number_text(balances.equity)
    return {
        "id": account.id,
        "account_number": account.number,
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": number_text(balances.cash),
        "equity": equity,
        "portfolio_value": equity,
        "last_equity": number_text(account.last_equity),
        "long_market_value": number_text(balances.long_market_value),
        "short_market_value": number_text(balances.short_market_value),
        "position_market_value": number_text(invested),
        "initial_margin": number_text(balances.initial_margin),
        "maintenance_margin": number_text(balances.maintenance_margin),
        "last_maintenance_margin": None,
        "sma": None,
        "buying_power": power,
        "effective_buying_power": power,
        "regt_buying_power": number_text(balances.regt_buying_power),
        "non_marginable_buying_power": cash_power,
        "options_buying_power": "0",
        "options_approved_level": 0,
        "options_trading_level": 0,
        "accrued_fees": number_text(balances.accrued_fees),
        "multiplier": str(account.multiplier),
        "shorting_enabled": account.shorting and account.multiplier > 1,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": account.blocked,
        "created_at": time_text(account.created_at),
        "balance_asof": now.date().isoformat(),
    }


def day_trader_json(venue: Venue, account: Account, now: datetime) -> Json:
    """Write what accounts had while the rules for pattern day traders stood."""
    count = len(day_trades(venue.activities(account.id), _five_days(now)))
    return {
        "daytrading_buying_power": number_text(venue.balances(account.id).daytrading_buying_power),
        "pattern_day_trader": count >= _PATTERN,
        "daytrade_count": count,
    }


def day_trades(activities: Sequence[Activity], since: datetime) -> set[tuple[date, str]]:
    """Give the days and symbols that were both bought and sold within one day in New York."""
    sides: dict[tuple[date, str], set[Side]] = {}
    for activity in reversed(activities):
        if activity.at < since:
            break
        if activity.type is ActivityType.FILL and activity.symbol and activity.side:
            day = activity.at.astimezone(_ZONE).date()
            sides.setdefault((day, activity.symbol), set()).add(activity.side)
    return {key for key, found in sides.items() if len(found) == len(Side)}


def _five_days(now: datetime) -> datetime:
    calendar = us_equities()
    day = calendar.date_at(now)
    for _ in range(4):
        day = calendar.previous_session(day).date
    return datetime.combine(day, time(), _ZONE)


def configuration_json(account: Account) -> Json:
    """Write what the customer has set."""
    return {
        "fractional_trading": account.fractional,
        "max_margin_multiplier": str(account.multiplier),
        "no_shorting": not account.shorting,
        "suspend_trade": account.blocked,
        "trade_confirm_email": "none",
        "ptp_no_exception_entry": False,
        "max_options_trading_level": None,
    }
