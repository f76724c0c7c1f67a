"""Make the feeds that the settings name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.streaming.feeds import Feed
from algotrendy.platform.lake import lake_at
from algotrendy.platform.settings import Settings

# Of the account that a paper exchange opens when it is fresh; it guards play money.
_PAPER_KEY = "PAPER:paper-secret"


def now_ns() -> int:
    """Tell the time in nanoseconds since 1970 UTC."""
    return time.time_ns()


def symbols_of(chosen: Settings) -> tuple[str, ...]:
    """Give the symbols that are streamed, each once; none: nothing is.

    Raises:
        Invalid: If one is malformed.
    """
    named = (text.strip() for text in chosen.stream_symbols.split(","))
    return tuple(dict.fromkeys(parse_symbol(text, "stream_symbols") for text in named if text))


def feeds_of(chosen: Settings, run: str) -> list[Feed]:
    """Make the feeds of the settings: shares and pairs come from one socket each.

    Raises:
        Invalid: If the settings do not fit together; names the field.
        Unavailable: If something that a feed needs is not deployed yet.
    """
    symbols = symbols_of(chosen)
    named = chosen.stream_feed.removesuffix(":json")
    kind, _, what = named.partition(":")
    if not symbols:
        return []
    if kind == "replay":
        from algotrendy.market_data.adapters.feed_replay import LakeRecording, ReplayFeed

        dataset, _, speed = what.partition("@")
        recording = LakeRecording(lake_at(chosen.need("lake_url")), dataset)
        return [ReplayFeed(recording, symbols, float(speed or 1), run, now_ns, dataset)]
    if kind == "ccxt":
        from algotrendy.brokers.ccxt.feed import CcxtFeed

        return [CcxtFeed(what, symbols, now_ns, chosen.stream_url)]
    return _of_alpaca(chosen, kind, what, symbols, packed=named == chosen.stream_feed)


def _of_alpaca(
    chosen: Settings, kind: str, plan: str, symbols: Sequence[str], *, packed: bool
) -> list[Feed]:
    from algotrendy.market_data.adapters.feed_alpaca import (
        DATA_URL,
        STREAM_URL,
        AlpacaFeed,
        AlpacaTerms,
    )

    is_paper = kind == "paper"
    key, _, secret = (
        (chosen.optional("stream_key") or _PAPER_KEY) if is_paper else chosen.need("stream_key")
    ).partition(":")
    if not key or not secret:
        raise Invalid("stream_key", "KEY:SECRET", "something else")
    data_url, stream_url = DATA_URL, STREAM_URL
    own = chosen.stream_url or (chosen.need("exchange_url") if is_paper else None)
    if own is not None and not is_paper:
        _require_private(own)
    if own is not None:
        data_url, stream_url = own, own.replace("http", "ws", 1)
    shares = tuple(symbol for symbol in symbols if "/" not in symbol)
    pairs = tuple(symbol for symbol in symbols if "/" in symbol)
    if plan == "crypto" and shares:
        raise Invalid("stream_symbols", "pairs, like BTC/USD, of the feed alpaca:crypto", shares[0])
    found: list[Feed] = []
    for some, feed_plan in ((shares, plan or "iex"), (pairs, None)):
        if some:
            name = f"{kind}:{feed_plan or 'crypto'}"
            terms = AlpacaTerms(
                name,
                some,
                key,
                secret,
                feed_plan,
                stream_url=stream_url,
                data_url=data_url,
                packed=packed,
                # The paper exchange makes some ten trades a minute.
                quiet_s=60.0 if is_paper else 30.0,
                ids_restart=not is_paper and feed_plan is not None,
            )
            found.append(AlpacaFeed(terms, now_ns))
    return found


def _require_private(url: str) -> None:
    address = urlsplit(url)
    if address.scheme == "http" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise Invalid("stream_url", "an encrypted address: the secret goes with it", url)
