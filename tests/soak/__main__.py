"""`make soak-stream`: stream a hostile feed for minutes, kill what works on it, count every tick.

Brings up a platform of its own (other folder, other ports) with a real deploy, an exchange with
many trades, and a proxy before it that doubles, makes up, cuts and falls silent. SIGKILL meets the
streaming service and the Lambda workers. In the end all that the exchange traded must be in the
lake once, nothing that was made up, and bars must be those of one batch.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import psutil
import typer

from algotrendy.local.home import read_environment_file
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.settings import reset_settings
from fakes.exchange_process import ExchangeProcess
from fixtures.platform import Platform, a_platform, free_port
from soak.checks import Truth, count, stored_upto
from soak.hostile import Feed
from soak.listener import Listener

SYMBOLS = ("AAPL", "MSFT", "SPY", "TSLA", "BTC/USD", "ETH/USD")
STYLES = ("time:interval=1Min", "tick:amount=50", "renko:percent=0.05")
USERNAME = "sol"
_BETWEEN_S = (6.0, 14.0)
_PATIENCE_S = 240.0
_AT_REST_S = 15.0
_CALM_S = 20.0
_TROUBLES = ("kill the service", "kill the workers", "kill the workers", "cut", "fall silent")


class Soak:
    """One soak on a platform that is up."""

    def __init__(self, platform: Platform, feed: Feed, random: Random) -> None:
        self._platform, self._feed, self._random = platform, feed, random
        self.kills = 0

    def trouble(self, until: float) -> None:
        """Do harm until a time of the monotonic clock."""
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, self._random.uniform(*_BETWEEN_S)))
            what = self._random.choice(_TROUBLES)
            typer.echo(f"{max(0, until - time.monotonic()):4.0f} s left: {what}")
            match what:
                case "kill the service":
                    self._kill("services.streaming", "")
                case "kill the workers":
                    self._kill("", "market-data-on-ticks")
                case "cut":
                    self._feed.cut()
                case _:
                    self._feed.fall_silent()

    def _kill(self, command: str, function: str) -> None:
        for process in self._platform.processes():
            with contextlib.suppress(psutil.Error):
                name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
                is_meant = function in name if function else command in " ".join(process.cmdline())
                if is_meant:
                    process.kill()
                    self.kills += 1


@contextlib.contextmanager
def an_exchange(activity: float) -> Iterator[ExchangeProcess]:
    """Start an exchange that keeps nothing."""
    with tempfile.TemporaryDirectory(prefix="at-soak-", dir="/tmp") as folder:
        process = ExchangeProcess(Path(folder), "--ephemeral", "--activity", str(activity))
        process.start()
        try:
            yield process
        finally:
            process.stop()


def lake_of(platform: Platform) -> Lake:
    """Open the platform's lake in this process."""
    values = dict(read_environment_file(platform.home / "data" / "platform.env"))
    parameter = platform.aws("ssm").get_parameter(Name="/algotrendy/local/lake_url")
    os.environ.update(values)
    os.environ.pop("AWS_SESSION_TOKEN", None)
    reset_settings()
    return lake_at(parameter["Parameter"]["Value"])


def settled(lake: Lake, symbols: Sequence[str], end_ns: int) -> bool:
    """Wait until trades of after the end are stored of every symbol."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if all(stored_upto(lake, symbol) > end_ns for symbol in symbols):
            return True
        time.sleep(2)
    return False


def rest(lake: Lake) -> None:
    """Wait until nobody writes any more: what is under way comes to its end."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < _AT_REST_S:
        now = lake.version("ticks"), lake.version("chart_bars")
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(1)


def main() -> int:
    """Soak; 1 where a tick was lost, doubled or made up, a bar differs, or it proves nothing."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="of all that goes wrong")
    parser.add_argument("--activity", type=float, default=40.0, help="trades, times the usual")
    asked = parser.parse_args()
    random = Random(asked.seed)
    with (
        an_exchange(asked.activity) as exchange,
        Feed(f"http://127.0.0.1:{exchange.port}", free_port(), random).serving() as feed,
        a_platform(
            ALGOTRENDY_STREAM_URL=feed.url,
            ALGOTRENDY_STREAM_SYMBOLS=",".join(SYMBOLS),
            ALGOTRENDY_STREAM_STYLES=";".join(STYLES),
        ) as platform,
    ):
        return soak(platform, feed, exchange, asked.minutes * 60, random)


def soak(
    platform: Platform, feed: Feed, exchange: ExchangeProcess, for_s: float, random: Random
) -> int:
    """Soak a platform that is up, and print what came of it."""
    platform.add_user(USERNAME, "demo", "viewer")
    lake = lake_of(platform)
    port = int(platform.environment["ALGOTRENDY_STREAMING_PORT"])
    listener = Listener(
        f"ws://127.0.0.1:{port}/v1/stream", lambda: platform.token(USERNAME), SYMBOLS, STYLES
    )
    listener.start()
    begin_ns, work = time.time_ns(), Soak(platform, feed, random)
    work.trouble(time.monotonic() + for_s)
    feed.is_hostile = False
    end_ns = time.time_ns()
    if not settled(lake, SYMBOLS, end_ns):
        typer.echo(f"not everything was stored after {_PATIENCE_S:.0f} s")
    ticks, bars = len(listener.late_s), len(listener.bars_late_s)
    time.sleep(_CALM_S)
    listener.stop()
    feed.end()
    rest(lake)
    found = count(lake, Truth(exchange.client), SYMBOLS, STYLES, begin_ns, end_ns)
    found.faults += listener.faults
    if not (work.kills and feed.cuts and feed.made_up and listener.late_s):
        found.faults.append("this proves nothing: too little went wrong, or nobody heard of it")
    typer.echo(
        f"{work.kills} processes killed, {feed.cuts} sockets cut, {feed.doubled} frames doubled, "
        f"{feed.made_up} ticks made up, {found.quarantined} quarantined, {found.bars} bars"
    )
    typer.echo(f"from tick to client: {_late(listener.late_s)}, {len(listener.late_s)} ticks")
    typer.echo(f"of that, in the service and on its socket: {_late(listener.passed_on_s)}")
    typer.echo(f"from bar to client: {_late(listener.bars_late_s)}")
    calm = _late(listener.late_s[ticks:]), _late(listener.bars_late_s[bars:])
    typer.echo(f"once nothing goes wrong: tick {calm[0]}; bar {calm[1]}")
    for fault in found.faults:
        typer.echo(f"fault: {fault}", err=True)
    typer.echo(str(found))
    return 1 if found.is_wrong else 0


def _late(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return "nothing heard"
    parts = statistics.quantiles(seconds, n=100)
    return f"p50 {parts[49] * 1000:.1f} ms, p99 {parts[98] * 1000:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
