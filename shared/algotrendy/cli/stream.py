"""The `algotrendy stream` command: trades, quotes and bars as they happen."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from algotrendy.cli.pictures import require_svg, write_picture
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.streaming.heard import Heard

Message = dict[str, Any]
_TURNS_A_SECOND = 5
_LONGEST_WAIT_S = 15.0
_DRAWN_BARS = 60


def stream(
    symbols: Annotated[list[str], typer.Argument(help="Such as AAPL BTC/USD.")],
    style: Annotated[
        list[str] | None,
        typer.Option(help="Bars of a chart style, also several; docs/charts.md has them."),
    ] = None,
    trades: Annotated[bool, typer.Option("--trades/--no-trades", help="Each trade.")] = True,
    quotes: Annotated[bool, typer.Option("--quotes/--no-quotes", help="The newest quote.")] = True,
    last: Annotated[int, typer.Option(help="How many bars to begin with.", min=0, max=1000)] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Each message in a line, as docs/streaming.md has it.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(
            envvar="ALGOTRENDY_STREAMING_URL",
            help="ws:// or wss:// of the service; without, the one of the local platform.",
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(help="At the end, draw the bars that were heard into this SVG file."),
    ] = None,
) -> None:
    """Watch trades, quotes and bars of symbols as they happen, until Ctrl-C.

    A lost connection is taken up again by itself, and bars go on where they were.

    Examples: `algotrendy stream AAPL --style renko:size=1`, `algotrendy stream BTC/USD --json`,
    `algotrendy stream AAPL --style time:interval=1Min --svg heard.svg`.
    """
    from algotrendy.cli.session import sessions
    from algotrendy.market_data.adapters.stream_client import StreamClient
    from algotrendy.market_data.charts.styles import parse
    from algotrendy.market_data.streaming.backing_off import Backoff

    styles = [str(parse(text)) for text in style or ()]
    named = list(dict.fromkeys(parse_symbol(text, "symbols") for text in symbols))
    channels = [name for name, wanted in (("trades", trades), ("quotes", quotes)) if wanted]
    channels += [f"{kind}:{text}" for text in styles for kind in ("bars", "partials")]
    if not channels:
        raise Invalid("channels", "at least one of --trades, --quotes, --style", "none")
    if svg is not None:
        require_svg(svg)
        if not styles:
            raise Invalid("svg", "given with --style: bars are what is drawn", svg.name)
    client = StreamClient(
        url or _local_url(),
        sessions().access_token,
        named,
        channels,
        Backoff(0.2, _LONGEST_WAIT_S, random.random),
        last,
    )
    run(client.listen(), Console(highlight=False), named, styles, as_json=as_json, svg=svg)


def run(
    messages: AsyncGenerator[Message, None],
    console: Console,
    symbols: Sequence[str],
    styles: Sequence[str],
    *,
    as_json: bool = False,
    svg: Path | None = None,
) -> None:
    """Show messages until there are no more, or until Ctrl-C; then draw what was heard."""
    heard = Heard(symbols, styles, _DRAWN_BARS)
    if svg is not None:
        messages = _noted(messages, heard)
    if as_json:
        showing = _each(messages, _as_json)
    elif console.is_terminal:
        showing = _live(console, messages, symbols, styles)
    else:
        showing = _each(messages, _as_lines)
    asyncio.run(_until_interrupted(showing))
    if svg is not None:
        from algotrendy.market_data.pictures.heard import draw_heard

        write_picture(svg, draw_heard(heard))


def _local_url() -> str:
    from algotrendy.market_data.adapters.clients_socket import PATH
    from algotrendy.platform.settings import settings

    return f"ws://127.0.0.1:{settings().streaming_port}{PATH}"


async def _until_interrupted(showing: Coroutine[Any, Any, None]) -> None:
    """Do it until Ctrl-C, which is a good end."""
    task = asyncio.create_task(showing)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


async def _noted(
    messages: AsyncGenerator[Message, None], heard: Heard
) -> AsyncGenerator[Message, None]:
    async with aclosing(messages) as told:
        async for message in told:
            heard.take(message)
            yield message


async def _each(messages: AsyncGenerator[Message, None], show: Callable[[Message], None]) -> None:
    async with aclosing(messages) as told:
        async for message in told:
            show(message)


def _as_json(message: Message) -> None:
    typer.echo(json.dumps(message))


def _as_lines(message: Message) -> None:
    from algotrendy.cli.stream_view import line

    if told := line(message):
        typer.echo(told)


async def _live(
    console: Console,
    messages: AsyncGenerator[Message, None],
    symbols: Sequence[str],
    styles: Sequence[str],
) -> None:
    from algotrendy.cli.stream_view import StreamView

    view = StreamView(symbols, styles)
    with Live(
        console=console, get_renderable=view.render, refresh_per_second=_TURNS_A_SECOND
    ) as live:
        await _each(messages, view.take)
        live.refresh()
