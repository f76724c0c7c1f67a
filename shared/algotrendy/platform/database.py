"""Run transactions on PostgreSQL or Aurora DSQL: whole, repeatable-read, retried on conflict."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import Connection, IsolationLevel, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from algotrendy.kernel.errors import Invalid, Unavailable, Unknown
from algotrendy.platform import tracing
from algotrendy.platform.settings import settings

Row = dict[str, Any]
Transaction = Connection[Row]
T = TypeVar("T")

ATTEMPTS = 10
CONNECT_TIMEOUT_S = 5
WAIT_FOR_TURN_S = 10.0
# DSQL ends a connection after 60 minutes.
MAX_AGE_S = 50 * 60.0
# A frozen Lambda wakes with a connection that the server may have closed long ago.
TRUSTED_IDLE_S = 5.0
# A transaction in which nobody says anything for so long is given up by the server.
MAX_SILENCE_S = 30.0
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5


class Database:
    """Lends transactions. Nothing connects before the first one.

    Args:
        url: ``postgresql://...``, or ``dsql://<endpoint>[/database][?user=name&region=name]``,
            which signs in with a fresh IAM token on each connection.
        max_connections: How many transactions may run at once; the rest wait for their turn.
        sleep: Waits that many seconds before a conflicting transaction runs again.
        monotonic: Tells the age of a connection, in seconds.
    """

    def __init__(
        self,
        url: str,
        max_connections: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        scheme = urlsplit(url).scheme
        if scheme not in ("postgresql", "postgres", "dsql"):
            raise Invalid("database_url", "postgresql://... or dsql://endpoint", f"{scheme}://...")
        self.is_dsql = scheme == "dsql"
        self._url = url
        self._sleep = sleep
        self._connections = _Connections(self._connect, max_connections, monotonic)

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run a function in one transaction, commit, and give what it returned.

        The function may run several times, so it does nothing but read and write through its
        transaction. What it raises undoes the transaction. Its transaction is a psycopg
        connection whose rows are dicts: ``tx.execute("SELECT ... %s", [x]).fetchone()``.

        Raises:
            Unavailable: If the database does not answer, takes no writes now, or other transactions
                kept coming first; nothing was changed.
            Unknown: If the connection broke in the commit, so that it may or may not have happened.
        """
        with tracing.span("transaction", "client") as span:
            return self._repeated(work, span)

    def _repeated(self, work: Callable[[Transaction], T], span: tracing.Span | None) -> T:
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            if span is not None and attempt > 1:
                span.note(attempts=attempt)
            try:
                return self._once(work)
            except (errors.SerializationFailure, errors.DeadlockDetected) as error:
                if attempt == ATTEMPTS:
                    reason = f"the transaction conflicted with others {ATTEMPTS} times"
                    raise Unavailable("database", reason, retry_after_s=1) from error
            self._sleep(random.uniform(0, pause_s))  # noqa: S311 - jitter guards nothing
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        self.run(lambda tx: tx.execute("SELECT 1").fetchone())

    def close(self) -> None:
        """Close the idle connections; a later transaction opens new ones."""
        self._connections.close()

    def _once(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self._connections.lend() as connection:
                result = work(connection)
                _commit(connection)
                return result
        except (errors.SerializationFailure, errors.DeadlockDetected):
            raise
        except psycopg.Error as error:
            if not _is_away(error):
                raise
            if isinstance(error, errors.ReadOnlySqlTransaction):
                # Another server writes now: whatever else is kept leads to the old one too.
                self.close()
            raise Unavailable("database", _first_line(error)) from error

    def _connect(self) -> Transaction:
        conninfo = dsql_conninfo(self._url) if self.is_dsql else _postgres_conninfo(self._url)
        connection = Connection.connect(
            conninfo,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT_S,
            # A server whose host is gone does not answer: nobody waits a quarter of an hour for it.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )
        # DSQL has this level and no other, and BEGIN there names none.
        if not self.is_dsql:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
        return connection


@functools.cache
def database() -> Database:
    """Give the database of the setting ``database_url``, one a process."""
    return Database(settings().need("database_url"))


class _Connections:
    """Lends connections, at most ``limit`` at once, and keeps what comes back in good order.

    Not psycopg_pool: its worker threads do not survive a Lambda's freeze or a fork well, and a
    database that is down shows there as a time-out, here as the reason.
    """

    def __init__(
        self, connect: Callable[[], Transaction], limit: int, monotonic: Callable[[], float]
    ) -> None:
        self._connect = connect
        self._limit = limit
        self._monotonic = monotonic
        self._turns = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._idle: list[_Kept] = []

    @contextmanager
    def lend(self) -> Iterator[Transaction]:
        if not self._turns.acquire(timeout=WAIT_FOR_TURN_S):
            reason = f"all {self._limit} connections were busy for {WAIT_FOR_TURN_S:g} s"
            raise Unavailable("database", reason, retry_after_s=1)
        try:
            kept = self._take()
            try:
                yield kept.connection
            except errors.ReadOnlySqlTransaction:
                kept.connection.close()
                raise
            finally:
                self._put_back(kept)
        finally:
            self._turns.release()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.connection.close()

    def _take(self) -> _Kept:
        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return _Kept(self._connect(), self._monotonic())
            now = self._monotonic()
            if now - kept.born_s < MAX_AGE_S and (
                now - kept.returned_s < TRUSTED_IDLE_S or _answers(kept.connection)
            ):
                return kept
            kept.connection.close()

    def _put_back(self, kept: _Kept) -> None:
        with suppress(psycopg.Error):  # a connection that cannot roll back is closed below
            kept.connection.rollback()
        if kept.connection.info.transaction_status != TransactionStatus.IDLE:
            kept.connection.close()
            return
        kept.returned_s = self._monotonic()
        with self._lock:
            self._idle.append(kept)


class _Kept:
    __slots__ = ("born_s", "connection", "returned_s")

    def __init__(self, connection: Transaction, now_s: float) -> None:
        self.connection = connection
        self.born_s = now_s
        self.returned_s = now_s


def _answers(connection: Transaction) -> bool:
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True


def _postgres_conninfo(url: str) -> str:
    """Let the server end a transaction of whose client nothing is heard, and so free its locks.

    DSQL has no locks, and ends such a transaction by itself. In the midst of a pipeline the server
    counts nobody as silent: whoever stands still just there keeps its locks.
    """
    given = conninfo_to_dict(url).get("options") or ""
    most = f"-c idle_in_transaction_session_timeout={int(MAX_SILENCE_S * 1000)}"
    return make_conninfo(url, options=f"{most} {given}".strip())


def dsql_conninfo(url: str) -> str:
    """Write the connection string of a DSQL cluster, with a token of this moment as password."""
    from algotrendy.platform import aws

    parts = urlsplit(url)
    if not parts.hostname:
        raise Invalid("database_url", "dsql://endpoint", "dsql:// without an endpoint")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    region, user = query.get("region", settings().region), query.get("user", "admin")
    client = aws.client("dsql")
    with aws.translated("IAM"):
        sign = (
            client.generate_db_connect_admin_auth_token
            if user == "admin"
            else client.generate_db_connect_auth_token
        )
        token = sign(parts.hostname, region)
    return make_conninfo(
        host=parts.hostname,
        port=parts.port or 5432,
        dbname=parts.path.strip("/") or "postgres",
        user=user,
        password=token,
        sslmode="verify-full",
        sslrootcert="system",
    )


def _commit(connection: Transaction) -> None:
    try:
        connection.commit()
    except (errors.SerializationFailure, errors.DeadlockDetected):
        raise
    except psycopg.Error as error:
        if not _is_away(error):
            raise
        raise Unknown("commit", _first_line(error)) from error


def _is_away(error: psycopg.Error) -> bool:
    """Say whether it is the database that cannot be worked with now, and not the work."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return True
    # After a failover the connection may lead to a server that has become a reader.
    # And whatever the reason, PostgreSQL ends a session with what it calls fatal.
    return isinstance(error, errors.ReadOnlySqlTransaction) or (
        error.diag.severity_nonlocalized in ("FATAL", "PANIC")
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
