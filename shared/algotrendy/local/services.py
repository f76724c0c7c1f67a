"""The services that run on what was deployed: each needs the platform's environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from algotrendy.kernel.instrument import parse_symbol
from algotrendy.local.home import (
    EXECUTION_PORT_VARIABLE,
    HOME_VARIABLE,
    STATUS_PORT_VARIABLE,
    STREAMING_PORT_VARIABLE,
    Home,
    read_environment_file,
)
from algotrendy.local.parts import Launch, WebServer, base_environment
from algotrendy.local.ports import check_port
from algotrendy.market_data import wiring
from algotrendy.platform.settings import settings

SYMBOLS_VARIABLE = "ALGOTRENDY_STREAM_SYMBOLS"
STREAMED_SYMBOLS = "AAPL,BTC/USD"
"""What is streamed from the paper exchange where nobody chose anything."""
STYLES_VARIABLE = "ALGOTRENDY_STREAM_STYLES"
STATUS_URL_VARIABLE = "ALGOTRENDY_STATUS_URL"
STREAMED_STYLES = "time:interval=1Min;heikin-ashi:interval=1Min;tick:amount=50;renko:percent=0.1"
"""The bars that are made of it then: styles that suit any price."""

_CHOSEN_FOR_ORDERS = (
    "ALGOTRENDY_BROKER_ACCOUNTS",
    "ALGOTRENDY_LIVE_TRADING",
    "ALGOTRENDY_LOG_LEVEL",
)
_CHOSEN_FOR_STATUS = ("ALGOTRENDY_LOG_LEVEL", "ALGOTRENDY_STATUS_INTERVAL_S")
_CHOSEN_FOR_STREAMS = (
    "ALGOTRENDY_LOG_LEVEL",
    "ALGOTRENDY_STREAM_FEED",
    "ALGOTRENDY_STREAM_KEY",
    "ALGOTRENDY_STREAM_URL",
    STYLES_VARIABLE,
    SYMBOLS_VARIABLE,
)


@dataclass(frozen=True, slots=True)
class Execution(WebServer):
    """The execution service: speaks to brokers; it needs what was deployed.

    Attributes:
        project: The checkout that it runs from.
    """

    name = "execution"
    # It serves the accounts, or stands by.
    probe = "/ready"
    # It ends what it began, and gives its leases back.
    grace_s = 15.0

    project: Path

    def prepare(self) -> Launch:
        """Check the port, and read where the platform is."""
        check_port(self.name, self.port, "--execution-port", EXECUTION_PORT_VARIABLE)
        variables = {EXECUTION_PORT_VARIABLE: str(self.port)}
        return _launch("execution", self.home, self.project, _CHOSEN_FOR_ORDERS, variables)


@dataclass(frozen=True, slots=True)
class Streaming(WebServer):
    """The streaming service: listens to feeds, serves clients; it needs what was deployed.

    Attributes:
        project: The checkout that it runs from.
    """

    name = "streaming"
    # A feed that is down, or misnamed, keeps nothing else up.
    probe = "/health"
    # It sends what waits, and tells its clients.
    grace_s = 15.0

    project: Path

    def prepare(self) -> Launch:
        """Check the port, and read where the platform is."""
        check_port(self.name, self.port, "--streaming-port", STREAMING_PORT_VARIABLE)
        variables = {
            STREAMING_PORT_VARIABLE: str(self.port),
            # Chosen to be empty, nothing is streamed.
            SYMBOLS_VARIABLE: os.environ.get(SYMBOLS_VARIABLE, STREAMED_SYMBOLS),
            STYLES_VARIABLE: streamed_styles(),
        }
        return _launch("streaming", self.home, self.project, _CHOSEN_FOR_STREAMS, variables)


@dataclass(frozen=True, slots=True)
class StatusPage(WebServer):
    """What watches the platform and says in public how it is; it needs nothing of it to be up.

    Attributes:
        project: The checkout that it runs from.
    """

    name = "status"
    probe = "/health"
    grace_s = 10.0

    project: Path

    def prepare(self) -> Launch:
        """Check the port."""
        check_port(self.name, self.port, "--status-port", STATUS_PORT_VARIABLE)
        by_people = {name: os.environ[name] for name in _CHOSEN_FOR_STATUS if name in os.environ}
        return Launch(
            command=[sys.executable, "-m", "services.status"],
            environment={
                **base_environment(),
                **by_people,
                STATUS_PORT_VARIABLE: str(self.port),
                STATUS_URL_VARIABLE: self.home.status_page.as_uri(),
                HOME_VARIABLE: str(self.home.root),
            },
            folder=self.project,
        )


def check_streamed() -> None:
    """Refuse what the service of streams could not begin with, before it is started for ever.

    Raises:
        Invalid: Naming the setting.
    """
    for text in settings().stream_symbols.split(","):
        if text.strip():
            parse_symbol(text.strip(), "stream_symbols")
    wiring.stream_styles()


def streamed_styles() -> str:
    """Give the styles of bars that the service offers, and that the consumer of ticks makes."""
    return os.environ.get(STYLES_VARIABLE) or STREAMED_STYLES


def _launch(
    service: str, home: Home, project: Path, chosen: Sequence[str], variables: dict[str, str]
) -> Launch:
    platform = read_environment_file(home.environment_file)
    by_people = {name: os.environ[name] for name in chosen if name in os.environ}
    return Launch(
        command=[sys.executable, "-m", f"services.{service}"],
        environment={
            **base_environment(),
            **by_people,
            **platform,
            **variables,
            HOME_VARIABLE: str(home.root),
        },
        folder=project,
    )
