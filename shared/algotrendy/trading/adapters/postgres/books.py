"""The journal, its balances and tax lots in PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId, parse_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency
from algotrendy.platform.database import Row, Transaction
from algotrendy.trading.accounts import root_of
from algotrendy.trading.adapters.postgres.texts import decimal_of, read, scope_of, written
from algotrendy.trading.adapters.postgres.turns import Turns
from algotrendy.trading.journal import Book, Entry, Place, place_of, require_reversal
from algotrendy.trading.ledger import ClosedPlace, EntryQuery
from algotrendy.trading.lots import ClosedLot, Lots

_POST = (
    "INSERT INTO ledger_entries (key, id, root, account, kind, reverses, document) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_ADD_UP = (
    "INSERT INTO ledger_balances AS known (account, book, symbol, currency, root, amount) "
    "SELECT %s, book, symbol, currency, %s, amount "
    "FROM unnest(%s::text[], %s::text[], %s::text[], %s::numeric[]) "
    "AS given (book, symbol, currency, amount) "
    "ON CONFLICT (account, book, symbol, currency) "
    "DO UPDATE SET amount = known.amount + EXCLUDED.amount"
)
_BALANCES = (
    "SELECT account, book, symbol, currency, amount FROM ledger_balances "
    "WHERE account = ANY(%s) AND amount <> 0"
)
_PUT_LOTS = (
    "INSERT INTO ledger_lots (account, symbol, document) VALUES (%s, %s, %s) "
    "ON CONFLICT (account, symbol) DO UPDATE SET document = EXCLUDED.document"
)
_CLOSE_LOTS = (
    "INSERT INTO ledger_closed_lots "
    "(account, symbol, closed_by, lot_id, root, closed_at, turn, document) "
    "SELECT %s, %s, closed_by, lot_id, %s, closed_at, turn, document "
    "FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::integer[], %s::text[]) "
    "AS given (closed_by, lot_id, closed_at, turn, document) "
    "ON CONFLICT (account, symbol, closed_by, lot_id) DO UPDATE SET "
    "closed_at = EXCLUDED.closed_at, turn = EXCLUDED.turn, document = EXCLUDED.document"
)
_PLACE = ("closed_at", "symbol", "closed_by", "lot_id")
_FOLLOWING = (
    "AND closed_at <= %(closed_at)s AND (closed_at < %(closed_at)s OR "
    "(symbol, closed_by, turn) > (%(symbol)s, %(closed_by)s, COALESCE("
    "(SELECT max(turn) FROM ledger_closed_lots WHERE {scope} AND closed_at = %(closed_at)s "
    "AND symbol = %(symbol)s AND closed_by = %(closed_by)s AND lot_id = %(lot_id)s), -1)))"
)
_OPEN_AGAIN = (
    "DELETE FROM ledger_closed_lots WHERE account = %s AND symbol = %s AND (closed_by, lot_id) IN "
    "(SELECT closed_by, lot_id FROM unnest(%s::text[], %s::text[]) AS given (closed_by, lot_id))"
)


class PostgresBooks:
    """Is the ``Books`` of one transaction."""

    def __init__(self, tx: Transaction, turns: Turns) -> None:
        self._tx = tx
        self._turns = turns

    def entry(self, key: str) -> Entry | None:
        """Read an entry."""
        row = self._tx.execute(
            "SELECT document FROM ledger_entries WHERE key = %s", [key]
        ).fetchone()
        return None if row is None else read(Entry, row["document"])

    def post(self, entry: Entry) -> bool:
        """Add an entry and bring the balances up to it; False when it is there already.

        Raises:
            Conflict: If another entry has its key, or it takes back what is not there, is not what
                it says, or was taken back before.
        """
        root = root_of(entry.account)
        self._turns.remember(root)
        posted = self._tx.execute(
            _POST,
            [
                entry.key,
                entry.id,
                root,
                entry.account,
                entry.kind.value,
                entry.reverses,
                written(entry),
            ],
        )
        if posted.rowcount == 0:
            return self._was_there(entry)
        if entry.reverses is not None:
            require_reversal(entry, self.entry(entry.reverses))
        changes: defaultdict[Place, Decimal] = defaultdict(Decimal)
        for posting in entry.postings:
            place = place_of(entry.account, posting)
            changes[place] = EXACT.add(changes[place], posting.value)
        # In one order, so that no two transactions wait for each other.
        rows = sorted(
            (place.book.value, place.symbol or "", place.currency or "", change)
            for place, change in changes.items()
        )
        self._tx.execute(_ADD_UP, [entry.account, root, *map(list, zip(*rows, strict=True))])
        return True

    def entries(self, query: EntryQuery) -> Sequence[tuple[str, Entry]]:
        """List entries of an account and all its parts, each with its place."""
        conditions = [f"{scope_of(query.account)} = %(account)s"]
        before: UUID | None = None
        if query.before is not None:
            before = parse_uuid7(query.before, "before")
            conditions.append("id < %(before)s")
        if query.kinds:
            conditions.append("kind = ANY(%(kinds)s)")
        rows = self._tx.execute(
            "SELECT id, document FROM ledger_entries "  # noqa: S608 - constants
            f"WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT %(limit)s",
            {
                "account": query.account,
                "before": before,
                "kinds": [str(kind) for kind in query.kinds],
                "limit": query.limit,
            },
        ).fetchall()
        return [(str(row["id"]), read(Entry, row["document"])) for row in rows]

    def balances(self, accounts: Collection[AccountId]) -> Mapping[Place, Decimal]:
        """Give what is not zero of the balances of these very accounts or parts."""
        rows = self._tx.execute(_BALANCES, [list(accounts)]).fetchall()
        return dict(map(balance_of, rows))

    def lots(self, account: AccountId, symbol: Symbol) -> Lots | None:
        """Give the open lots of a part in a symbol; None where there never was one."""
        row = self._tx.execute(
            "SELECT document FROM ledger_lots WHERE account = %s AND symbol = %s", [account, symbol]
        ).fetchone()
        return None if row is None else read(Lots, row["document"])

    def put_lots(self, account: AccountId, lots: Lots) -> None:
        """Keep the open lots of a part in their symbol."""
        self._tx.execute(_PUT_LOTS, [account, lots.symbol, written(lots)])

    def add_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot]
    ) -> None:
        """Keep what a sale closed."""
        self._put_closed_lots(account, symbol, _in_turn(closed))

    def restate_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot], since: datetime
    ) -> None:
        """Put these in place of all that a part closed in a symbol from a moment on."""
        rows = self._tx.execute(
            "SELECT closed_by, lot_id, document FROM ledger_closed_lots "
            "WHERE account = %s AND symbol = %s AND closed_at >= %s",
            [account, symbol, since],
        ).fetchall()
        known = {
            (row["closed_by"], row["lot_id"]): read(ClosedLot, row["document"]) for row in rows
        }
        gone = known.keys() - {(each.closed_by, each.lot_id) for each in closed}
        if gone:
            names = sorted(gone)
            values = [account, symbol, [first for first, _ in names], [last for _, last in names]]
            self._tx.execute(_OPEN_AGAIN, values)
        # A bust moves few of them, and a transaction takes only so many rows on DSQL.
        changed = [
            (turn, each)
            for turn, each in _in_turn(closed)
            if known.get((each.closed_by, each.lot_id)) != each
        ]
        self._put_closed_lots(account, symbol, changed)

    def closed_lots(
        self, account: AccountId, since: datetime, limit: int, after: ClosedPlace | None = None
    ) -> Sequence[tuple[Symbol, ClosedLot]]:
        """List what a part and its kin closed, newest first, all that follows one of them."""
        scope = f"{scope_of(account)} = %(account)s"
        values: dict[str, object] = {"account": account, "since": since, "limit": limit}
        following = ""
        if after is not None:
            following = _FOLLOWING.format(scope=scope)
            values |= {name: getattr(after, name) for name in _PLACE}
        rows = self._tx.execute(
            "SELECT symbol, document FROM ledger_closed_lots "  # noqa: S608 - constants
            f"WHERE {scope} AND closed_at >= %(since)s {following} "
            "ORDER BY closed_at DESC, symbol, closed_by, turn LIMIT %(limit)s",
            values,
        ).fetchall()
        return [(Symbol(row["symbol"]), read(ClosedLot, row["document"])) for row in rows]

    def _put_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[tuple[int, ClosedLot]]
    ) -> None:
        if closed:
            self._tx.execute(
                _CLOSE_LOTS,
                [
                    account,
                    symbol,
                    root_of(account),
                    [each.closed_by for _, each in closed],
                    [each.lot_id for _, each in closed],
                    [each.closed_at for _, each in closed],
                    [turn for turn, _ in closed],
                    [written(each) for _, each in closed],
                ],
            )

    def _was_there(self, entry: Entry) -> bool:
        known = self.entry(entry.key)
        if known is None:
            raise Conflict(f"entry {entry.reverses} was taken back before")
        if known.movement != entry.movement:
            raise Conflict(f"entry {entry.key} is there already, and says something else")
        return False


def _in_turn(closed: Sequence[ClosedLot]) -> list[tuple[int, ClosedLot]]:
    """Count the lots of each trade."""
    so_far: Counter[str] = Counter()
    found = []
    for each in closed:
        found.append((so_far[each.closed_by], each))
        so_far[each.closed_by] += 1
    return found


def balance_of(row: Row) -> tuple[Place, Decimal]:
    """Read a balance."""
    place = Place(
        AccountId(row["account"]),
        Book(row["book"]),
        Symbol(row["symbol"]) if row["symbol"] else None,
        Currency(row["currency"]) if row["currency"] else None,
    )
    return place, decimal_of(row["amount"])
