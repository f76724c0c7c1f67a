"""Say what ccxt leaves to its user to know of single exchanges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from algotrendy.brokers.capabilities import Capabilities
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Profile:
    """What an exchange does; the defaults are what every exchange can be trusted with.

    Attributes:
        name_length, name_pattern: Of our name for an order, as the exchange keeps it.
        finds_by_name: One order can be read by our name for it; else lists are searched.
        fill_cursor: Parameter by which executions are read from an id on; else by time.
        replaces: A standing order can be changed without the danger to fill twice.
        never_done: Codes of answers that say for sure that nothing was done.
        half_done: Codes that say that the old order was cancelled, and the new one refused.
        refused: Codes that say that neither was done.
        options: Of ccxt.
    """

    name_length: int = 32
    name_pattern: str = r"[A-Za-z0-9_-]+"
    finds_by_name: bool = False
    fill_cursor: str | None = None
    replaces: bool = False
    never_done: frozenset[str] = frozenset()
    half_done: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ("Never run against a server of this exchange's kind.",)

    def check_name(self, name: str) -> None:
        """Refuse a name for an order that the exchange would not keep.

        Raises:
            Invalid: Naming ``client_order_id``.
        """
        if not re.fullmatch(self.name_pattern, name):
            raise Invalid("client_order_id", f"characters of {self.name_pattern}", name)


_BINANCE = Profile(
    name_length=36,
    name_pattern=r"[.A-Z:/a-z0-9_-]+",
    finds_by_name=True,
    fill_cursor="fromId",
    replaces=True,
    # The server says that it is overloaded before it looks at an order.
    never_done=frozenset({"-1008"}),
    # Of cancelReplace, which is asked to stop when the cancel fails.
    half_done=frozenset({"-2021"}),
    refused=frozenset({"-2022"}),
    options={
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    },
    notes=("Tested on a local server that speaks Binance's protocol.",),
)
PROFILES: Mapping[str, Profile] = {"binance": _BINANCE}


def profile_of(exchange: str) -> Profile:
    """Give what is known of an exchange."""
    return PROFILES.get(exchange, Profile())


def check_name(table: Capabilities, profile: Profile, name: str | None) -> str:
    """Give our name for an order back if the exchange keeps it."""
    checked = table.check_client_order_id(name)
    profile.check_name(checked)
    return checked
