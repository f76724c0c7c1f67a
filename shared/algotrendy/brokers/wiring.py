"""Connect to a broker by the settings of an account; a vendor's library is loaded only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algotrendy.brokers.accounts import (
    AlpacaAccount,
    BrokerAccountSettings,
    CcxtAccount,
    QuantConnectAccount,
    SimulatedAccount,
)
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.brokers.port import Broker


def stage_allows_live() -> bool:
    """Read the stage's switch, the setting ``live_trading``; off where nobody turned it.

    It decides to which broker an account is connected. Beside it stands the flag of the same name,
    without which no order leaves (``trading.adapters.live_gate``).

    Raises:
        Invalid: If it is neither true nor false.
    """
    return settings().live_trading


async def connect(account: BrokerAccountSettings, *, stage_live: bool | None = None) -> Broker:
    """Make the broker of an account, on the running loop; close it in the end.

    Orders cost money only where the stage's switch and the account's are both on; an account
    whose own switch is on at a stage whose switch is off is connected to paper.

    Args:
        stage_live: The stage's switch; None reads the setting.

    Raises:
        Invalid: If the settings cannot work.
    """
    switches = account.switches(stage_allows_live() if stage_live is None else stage_live)
    if isinstance(account, AlpacaAccount):
        from algotrendy.brokers.alpaca.broker import AlpacaBroker
        from algotrendy.brokers.alpaca.settings import AlpacaSettings

        return AlpacaBroker(
            AlpacaSettings(
                account.key_id,
                account.secret.get_secret_value(),
                switches.mode,
                account.url,
                account.stream_url,
            )
        )
    if isinstance(account, QuantConnectAccount):
        from algotrendy.brokers.quantconnect.adapter import QuantConnectBroker
        from algotrendy.brokers.quantconnect.client import QuantConnect
        from algotrendy.brokers.quantconnect.connection import URL, Connection, Credentials

        credentials = Credentials(account.user_id, account.token.get_secret_value())
        connection = Connection(credentials, SystemClock(), url=account.url or URL)
        return QuantConnectBroker(
            QuantConnect(connection), account.project_id, SystemClock(), switches=switches
        )
    if isinstance(account, CcxtAccount):
        from algotrendy.brokers.ccxt.broker import CcxtBroker
        from algotrendy.brokers.ccxt.settings import CcxtSettings

        password = account.password
        return await CcxtBroker.open(
            CcxtSettings(
                account.exchange,
                account.key,
                account.secret.get_secret_value(),
                account.symbols,
                None if password is None else password.get_secret_value(),
                switches.mode,
                account.url,
            )
        )
    return await _simulated(account)


async def _simulated(account: SimulatedAccount) -> Broker:
    from algotrendy.brokers.simulated.broker import SimulatedBroker
    from algotrendy.exchange.no_store import NoStore
    from algotrendy.exchange.venue.terms import VenueTerms
    from algotrendy.exchange.wiring import ExchangeOptions, build_floor

    options = ExchangeOptions(
        speed=account.speed,
        terms=VenueTerms(seed=account.seed, always_open=account.always_open),
        cash=account.cash,
    )
    floor = build_floor(options, NoStore(), SystemClock())
    opened = floor.venue.account_of_key(options.key_id)
    if opened is None:
        raise Invalid("cash", "what the exchange opens an account with", account.cash)
    await floor.start()
    return SimulatedBroker(floor, opened.id, on_close=floor.stop)
