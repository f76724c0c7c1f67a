"""Say where an Alpaca account is and how patiently to speak with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from algotrendy.brokers.live import Mode
from algotrendy.kernel.errors import Invalid

_REST = {Mode.PAPER: "https://paper-api.alpaca.markets", Mode.LIVE: "https://api.alpaca.markets"}
_STREAM = {
    Mode.PAPER: "wss://paper-api.alpaca.markets/stream",
    Mode.LIVE: "wss://api.alpaca.markets/stream",
}
_ABOVE_ZERO = (
    "connect_timeout_s",
    "read_timeout_s",
    "send_within_s",
    "silence_s",
    "answer_s",
    "workers",
)


@dataclass(frozen=True, slots=True)
class AlpacaSettings:
    """One account at Alpaca, or at anything that speaks its protocol.

    Attributes:
        url: Base URL of the REST API; None for Alpaca's own of the mode.
        stream_url: Of the trade updates; None for the one beside ``url``.
        connect_timeout_s, read_timeout_s: alpaca-py itself waits for ever.
        send_within_s: After so long a change leaves no more. Less than its caller waits for it, so
            that one which could not leave is known not to have been sent.
        workers: Most requests at once.
        patience_s: How long a request may be held back for the rate limit before it is refused
            with a time to come again.
        silence_s: After how long without a word the stream is put to the proof.
        answer_s: How long the stream may take to connect, or to answer that proof.
        look_again_s: The waits between looks for an order that was answered with 503.
        backoff_s: Least and most wait before connecting the stream again.
    """

    key_id: str
    secret: str = field(repr=False)
    mode: Mode = Mode.PAPER
    url: str | None = None
    stream_url: str | None = None
    connect_timeout_s: float = 2.0
    read_timeout_s: float = 20.0
    send_within_s: float = 4.0
    workers: int = 4
    patience_s: float = 5.0
    silence_s: float = 15.0
    answer_s: float = 10.0
    look_again_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    backoff_s: tuple[float, float] = (0.5, 30.0)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work.

        Raises:
            Invalid: Naming the field.
        """
        for name in ("key_id", "secret"):
            if not getattr(self, name):
                raise Invalid(name, "what Alpaca gave with the account", "nothing")
        for name in ("url", "stream_url"):
            value, schemes = getattr(self, name), ("http://", "https://", "ws://", "wss://")
            if value is not None and not value.startswith(schemes):
                raise Invalid(name, f"a URL that begins with one of {', '.join(schemes)}", value)
            if value is not None and self.mode is Mode.PAPER and _is_live_host(value):
                raise Invalid(name, "a paper address: live trading has two switches", value)
            if value is not None and self.mode is Mode.LIVE and _is_open_to_read(value):
                raise Invalid(name, "an encrypted address: the secret goes with it", value)
        for name in _ABOVE_ZERO:
            if getattr(self, name) <= 0:
                raise Invalid(name, "above zero", getattr(self, name))
        if any(wait_s < 0 for wait_s in self.look_again_s):
            raise Invalid("look_again_s", "waits of zero or more", self.look_again_s)

    @property
    def rest_url(self) -> str:
        """Give the base URL of the REST API."""
        return (self.url or _REST[self.mode]).rstrip("/")

    @property
    def updates_url(self) -> str:
        """Give the URL of the stream of trade updates."""
        if self.stream_url is not None:
            return self.stream_url
        if self.url is None:
            return _STREAM[self.mode]
        return self.rest_url.replace("http", "ws", 1) + "/stream"


def _is_open_to_read(url: str) -> bool:
    address = urlsplit(url)
    is_here = address.hostname in ("localhost", "127.0.0.1", "::1")
    return address.scheme in ("http", "ws") and not is_here


def _is_live_host(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    is_play = host.startswith("paper-") or ".sandbox." in host
    return host.endswith("alpaca.markets") and not is_play
