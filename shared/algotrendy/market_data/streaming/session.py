"""Say what one client may, and what it is answered; who carries the bytes is no matter of it.

A client is admitted with a token, may renew it, subscribes and unsubscribes. Whatever ends its
connection is raised as ``Ended``, with the error that it is told and the code of the close frame.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from algotrendy.identity.permissions import Permission
from algotrendy.identity.principal import Principal
from algotrendy.identity.tokens import LEEWAY_S, Proof
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Forbidden,
    Invalid,
    JsonValue,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from algotrendy.market_data.streaming.hub import Hub, Seat
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import (
    VERSION,
    Authenticated,
    Code,
    ErrorOut,
    Expiring,
    Heartbeat,
    LimitsOut,
    Ping,
    Pong,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Welcome,
)
from algotrendy.market_data.streaming.topics import Topic

_EXPIRED: Final = "the token has expired"
_HEARTBEAT: Final = "heartbeat"
_WARN_BEFORE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take of the service.

    Attributes:
        subscriptions: Topics of a connection.
        clients: At once, of all users.
        connections: At once, of one principal.
        message_bytes: Of a message that a client sends.
        messages: That a client may send within ``messages_within_s`` seconds.
        errors: Refused messages, after which the connection ends.
        waiting_messages, waiting_bytes: Of what counts one by one and was not taken yet.
        stalled_s: How long a client may take nothing while something waits.
    """

    subscriptions: int = 500
    clients: int = 1_000
    connections: int = 5
    message_bytes: int = 65_536
    messages: int = 100
    messages_within_s: float = 10.0
    errors: int = 20
    waiting_messages: int = 5_000
    waiting_bytes: int = 4_194_304
    authenticate_within_s: float = 10.0
    heartbeat_s: float = 10.0
    stalled_s: float = 20.0


class Ended(Exception):  # noqa: N818 - reads as what it means
    """Says that this side ends the connection, and what the client is told."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.error = ErrorOut(code=code, message=message, close=code.close)


class Doors:
    """Count who is in, and why who is not."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.inside: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.admitted = 0
        self.conflated = 0
        self.sent = 0

    def enter(self, principal: Principal) -> None:
        """Let one more connection of a principal in.

        Raises:
            Ended: If there are as many as may be.
        """
        key = (principal.tenant, principal.subject)
        if self.inside[key] >= self.limits.connections:
            most = self.limits.connections
            message = f"at most {most} connections of one user at once; close another one first"
            raise Ended(Code.TOO_MANY_CONNECTIONS, message)
        self.inside[key] += 1
        self.admitted += 1

    def leave(self, principal: Principal) -> None:
        """Let a connection of a principal go."""
        key = (principal.tenant, principal.subject)
        self.inside[key] -= 1
        if not self.inside[key]:
            del self.inside[key]

    def describe(self) -> dict[str, JsonValue]:
        """Give the counters as JSON values."""
        return {
            "admitted": self.admitted,
            "sent": self.sent,
            "conflated": self.conflated,
            "ended": dict(self.ended),
            "refused": dict(self.refused),
        }


class Session:
    """One connection, from its welcome to its end.

    Args:
        now: The time, against which tokens end.
        seconds: Of a clock that never steps.
    """

    def __init__(
        self,
        hub: Hub,
        doors: Doors,
        backlog: Backlog,
        now: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self.limits = doors.limits
        self._hub = hub
        self._doors = doors
        self._backlog = backlog
        self._now = now
        self._seconds = seconds
        self._begun_s = self._beaten_s = seconds()
        self._proof: Proof | None = None
        self._seat: Seat | None = None
        self._is_warned = False
        self._errors = 0
        self._times: deque[float] = deque(maxlen=self.limits.messages)

    def greet(self) -> None:
        """Say what this is."""
        limits = self.limits
        welcome = Welcome(
            version=VERSION,
            heartbeat_s=limits.heartbeat_s,
            authenticate_within_s=limits.authenticate_within_s,
            limits=LimitsOut(
                subscriptions=limits.subscriptions,
                connections=limits.connections,
                message_bytes=limits.message_bytes,
                messages=limits.messages,
                waiting_messages=limits.waiting_messages,
                waiting_bytes=limits.waiting_bytes,
            ),
        )
        self._say(welcome)

    def hear(self) -> None:
        """Count a message that came.

        Raises:
            Ended: If too many come.
        """
        now, times, limits = self._seconds(), self._times, self.limits
        if len(times) == limits.messages and now - times[0] < limits.messages_within_s:
            raise Ended(
                Code.TOO_MANY_MESSAGES,
                f"at most {limits.messages} messages in {limits.messages_within_s:g} s",
            )
        times.append(now)

    def admit(self, proof: Proof, id_: str | None = None) -> None:
        """Let the client in, or let it stay longer.

        Raises:
            Ended: If the holder of the token may not; or is another one than before.
        """
        holder = proof.principal
        try:
            holder.require(Permission.QUOTES_READ)
        except Forbidden as error:
            raise Ended(Code.FORBIDDEN, error.message) from error
        if self._proof is None:
            self._doors.enter(holder)
        else:
            before = self._proof.principal
            if (holder.tenant, holder.subject) != (before.tenant, before.subject):
                raise Ended(Code.UNAUTHENTICATED, "a token is renewed by one of the same user")
        self._proof, self._is_warned = proof, False
        expires = moment_of(proof.expires_at)
        self._say(
            Authenticated(username=holder.username, tenant=holder.tenant, expires=expires, id=id_)
        )
        if self._seat is None:
            self._seat = self._hub.join(self._backlog)

    def obey(self, message: Subscribe | Unsubscribe | Ping) -> None:
        """Do what the client asks, and answer.

        Raises:
            AlgoTrendyError: If it is refused; nothing was changed.
        """
        if isinstance(message, Ping):
            self._say(Pong(time=moment_of(self._now()), id=message.id))
            return
        seat = self._seat
        if seat is None:
            raise Unauthenticated("send auth first", presented=False)
        topics = self._hub.offer.topics(message.symbols, message.channels)
        if isinstance(message, Unsubscribe):
            for topic in topics:
                self._hub.unsubscribe(seat, topic)
            self._acknowledge(list(seat.wanted), message.id)
            return
        after = message.after
        if after is not None and not all(topic.channel.value == "bars" for topic in topics):
            raise Invalid("after", "left out, but for bars", after)
        all_topics = list(dict.fromkeys((*seat.wanted, *topics)))
        if len(all_topics) > self.limits.subscriptions:
            most, count = self.limits.subscriptions, len(all_topics)
            told = f"subscriptions must be at most {most}, were {count}"
            raise Rejected(told, limit=most, actual=count)
        self._acknowledge(all_topics, message.id)
        for topic in topics:
            self._hub.subscribe(seat, topic, message.last, after)

    def refuse(self, error: AlgoTrendyError, id_: str | None = None) -> None:
        """Say why a message was refused.

        Raises:
            Ended: If that ends the connection, or was once too often.
        """
        code = _code_of(error)
        self._doors.refused[code.value] += 1
        # Keys that cannot be read now end nobody who is in already.
        if code.close is not None and (self._proof is None or code is not Code.UNAVAILABLE):
            raise Ended(code, error.message)
        self._errors += 1
        if self._errors > self.limits.errors:
            raise Ended(Code.TOO_MANY_ERRORS, f"{self._errors} messages were refused")
        field = error.field if isinstance(error, Invalid) else None
        self._say(ErrorOut(code=code, message=error.message, field=field, id=id_))

    def tick(self) -> None:
        """Do what is due by now: heartbeats, the end of a token.

        Raises:
            Ended: If the time is up.
        """
        now_s = self._seconds()
        if self._backlog.overflow:
            raise Ended(Code.SLOW, f"too slow: {self._backlog.overflow}")
        if self._proof is None:
            if now_s - self._begun_s >= self.limits.authenticate_within_s:
                within = f"{self.limits.authenticate_within_s:g} s"
                raise Ended(Code.AUTH_TIMEOUT, f"no auth within {within}")
            return
        now, expires = self._now(), self._proof.expires_at
        if now >= expires + timedelta(seconds=LEEWAY_S):
            raise Ended(Code.EXPIRED, _EXPIRED)
        if not self._is_warned and now >= expires - _WARN_BEFORE:
            self._is_warned = True
            self._say(Expiring(expires=moment_of(expires)))
        if now_s - self._beaten_s >= self.limits.heartbeat_s:
            self._beaten_s = now_s
            beat = Heartbeat(time=moment_of(now))
            self._backlog.newest(_HEARTBEAT, _written(beat))

    def leave(self, ended: Ended | None) -> None:
        """Close the books on the connection; None: the client has left by itself."""
        if self._seat is not None:
            self._hub.leave(self._seat)
        if self._proof is not None:
            self._doors.leave(self._proof.principal)
        self._proof, self._seat = None, None
        self._doors.ended["left" if ended is None else ended.error.code.value] += 1
        self._doors.conflated += self._backlog.conflated
        self._doors.sent += self._backlog.sent

    def _acknowledge(self, topics: list[Topic], id_: str | None) -> None:
        channels: dict[str, list[str]] = {}
        for topic in topics:
            channels.setdefault(topic.name, []).append(topic.symbol)
        self._say(Subscribed(channels=channels, id=id_))

    def _say(self, message: BaseModel) -> None:
        self._backlog.put(None, _written(message))


def moment_of(time: datetime) -> str:
    """Write a time as messages have it."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}Z"


def token_refused(error: Unauthenticated) -> Ended:
    """Say that a token proves nothing."""
    code = Code.EXPIRED if error.reason == _EXPIRED else Code.UNAUTHENTICATED
    return Ended(code, error.message)


def _code_of(error: AlgoTrendyError) -> Code:
    match error:
        case Invalid():
            return Code.INVALID
        case NotFound():
            return Code.NOT_STREAMED
        case Unauthenticated():
            return Code.NOT_AUTHENTICATED
        case Rejected():
            return Code.TOO_MANY_SUBSCRIPTIONS
        case Unavailable():
            return Code.UNAVAILABLE
        case _:
            return Code.INTERNAL


def _written(message: BaseModel) -> bytes:
    return message.model_dump_json(exclude_none=True).encode()
