"""Keep the migrations within what PostgreSQL and Aurora DSQL both take.

A laptop has PostgreSQL, the cloud has DSQL: a migration that only the first understands would be
found out in the cloud. So it is read here, word by word, before it runs anywhere.

Source: Aurora DSQL User Guide, "SQL feature compatibility in Aurora DSQL".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+ | --[^\n]*)
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*")
  | (?P<dollar>\$[A-Za-z_]*\$)
  | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<mark>[^\w\s])
    """,
    re.VERBOSE,
)

COLUMN_TYPES = frozenset(
    {
        *("BIGINT", "BOOL", "BOOLEAN", "BYTEA", "CHAR", "CHARACTER", "DATE", "DECIMAL", "DOUBLE"),
        *("FLOAT4", "FLOAT8", "INT", "INT2", "INT4", "INT8", "INTEGER", "INTERVAL", "NUMERIC"),
        *("REAL", "SMALLINT", "TEXT", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "UUID", "VARCHAR"),
    }
)

# A word that may stand nowhere in a migration, and why.
FORBIDDEN_WORDS = {
    "REFERENCES": "foreign keys: DSQL does not enforce them",
    "FOREIGN": "foreign keys: DSQL does not enforce them",
    "TRIGGER": "triggers",
    "SEQUENCE": "sequences: use UUIDv7 keys",
    "NEXTVAL": "sequences: use UUIDv7 keys",
    "SERIAL": "serial columns: use UUIDv7 keys",
    "SMALLSERIAL": "serial columns: use UUIDv7 keys",
    "BIGSERIAL": "serial columns: use UUIDv7 keys",
    "IDENTITY": "identity columns: use UUIDv7 keys",
    "TEMP": "temporary tables",
    "TEMPORARY": "temporary tables",
    "UNLOGGED": "unlogged tables",
    "SAVEPOINT": "savepoints",
    "TRUNCATE": "TRUNCATE: delete the rows",
    "VACUUM": "VACUUM",
    "PLPGSQL": "PL/pgSQL",
    "FUNCTION": "functions: logic lives in the code",
    "PROCEDURE": "procedures: logic lives in the code",
    "PARTITION": "partitions",
    "INHERITS": "inheritance",
    "EXTENSION": "extensions",
    "TYPE": "types of one's own",
    "MATERIALIZED": "materialized views",
    "TABLESPACE": "tablespaces",
    "POLICY": "row security",
    "EXCLUDE": "exclusion constraints",
    "COLLATE": "collations",
    "NOW": "the server's time: times come from the app's clock",
    "CURRENT_TIMESTAMP": "the server's time: times come from the app's clock",
    "CLOCK_TIMESTAMP": "the server's time: times come from the app's clock",
    "BEGIN": "transaction control: every statement runs in one of its own",
    "COMMIT": "transaction control: every statement runs in one of its own",
    "ROLLBACK": "transaction control: every statement runs in one of its own",
}

_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK"})
_DATA_VERBS = frozenset({"INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Statement:
    """Is one SQL statement: its text without comments, and its tokens, words in upper case."""

    text: str
    tokens: tuple[str, ...]

    @property
    def is_data(self) -> bool:
        """Tell whether it changes rows and not the schema."""
        return self.tokens[0] in _DATA_VERBS

    def for_dsql(self) -> str:
        """Write the statement as DSQL wants it: an index is built asynchronously there."""
        if _is_index(self.tokens):
            return re.sub(r"\bINDEX\b", "INDEX ASYNC", self.text, count=1, flags=re.IGNORECASE)
        return self.text


def statements(sql: str) -> Iterator[Statement]:
    """Split SQL at its semicolons, those in strings and comments aside.

    Raises:
        ValueError: If it has block comments or a quote that does not end, which are not read.
    """
    text: list[str] = []
    tokens: list[str] = []
    position = 0
    while position < len(sql):
        found = _TOKEN.match(sql, position)
        if found is None or sql.startswith("/*", position) or found.group() in ("'", '"'):
            raise ValueError(f"cannot read SQL at: {sql[position : position + 40]!r}")
        position = found.end()
        piece = found.group()
        if found.lastgroup == "blank":
            if text[-1:] != [" "]:
                text.append(" ")
        elif piece == ";":
            yield from _statement(text, tokens)
            text, tokens = [], []
        else:
            text.append(piece)
            tokens.append(piece.upper() if found.lastgroup == "word" else piece)
    yield from _statement(text, tokens)


def refusals(statement: Statement) -> list[str]:
    """Say why a statement may not be in a migration; an empty list when it may."""
    tokens = statement.tokens
    found = [
        f"{token}: no {FORBIDDEN_WORDS[token]}" for token in tokens if token in FORBIDDEN_WORDS
    ]
    if any(re.fullmatch(r"\$\w*\$", token) for token in tokens):
        found.append("no dollar-quoted bodies")
    if not found:
        found = next((rule(tokens) for is_it, rule in _KINDS if is_it(tokens)), ["unknown kind"])
    return [f"{reason} in: {statement.text[:80]}" for reason in found]


def _statement(text: list[str], tokens: list[str]) -> Iterator[Statement]:
    if tokens:
        yield Statement("".join(text).strip(), tuple(tokens))


def _begins(*words: str) -> Callable[[Sequence[str]], bool]:
    return lambda tokens: tuple(tokens[: len(words)]) == words


def _is_index(tokens: Sequence[str]) -> bool:
    return _begins("CREATE", "INDEX")(tokens) or _begins("CREATE", "UNIQUE", "INDEX")(tokens)


def _is_data(tokens: Sequence[str]) -> bool:
    return tokens[0] in _DATA_VERBS


def _table(tokens: Sequence[str]) -> list[str]:
    if tuple(tokens[2:5]) != ("IF", "NOT", "EXISTS"):
        return ["CREATE TABLE without IF NOT EXISTS cannot run twice"]
    if "(" not in tokens or "AS" in tokens[: tokens.index("(")]:
        return ["CREATE TABLE AS is not taken"]
    found = []
    for item in _items(tokens):
        if item[0] not in _CONSTRAINTS:
            found += _column(item)
    return found


def _column(item: Sequence[str]) -> list[str]:
    if len(item) < 2 or item[1] not in COLUMN_TYPES:
        kind = item[1] if len(item) > 1 else "nothing"
        return [f"column {item[0]} has type {kind}, which DSQL does not store"]
    if "[" in item or "ARRAY" in item:
        return [f"column {item[0]} is an array, which DSQL does not store"]
    return []


def _index(tokens: Sequence[str]) -> list[str]:
    found = []
    start = tokens.index("INDEX") + 1
    if tokens[start] in ("ASYNC", "CONCURRENTLY"):
        return [f"write CREATE INDEX without {tokens[start]}: it becomes ASYNC on DSQL"]
    if tuple(tokens[start : start + 3]) != ("IF", "NOT", "EXISTS"):
        found.append("CREATE INDEX without IF NOT EXISTS cannot run twice")
    for word, reason in (
        ("WHERE", "partial indexes are not taken"),
        ("USING", "DSQL has one kind of index"),
        ("ASC", "DSQL indexes have no direction"),
        ("DESC", "DSQL indexes have no direction"),
    ):
        if word in tokens:
            found.append(reason)
    if any("(" in item for item in _items(tokens)):
        found.append("indexes on expressions are not taken")
    return found


def _alteration(tokens: Sequence[str]) -> list[str]:
    rest = list(tokens[3:])
    if rest[:5] != ["ADD", "COLUMN", "IF", "NOT", "EXISTS"] or "," in rest:
        return ["ALTER TABLE may only ADD COLUMN IF NOT EXISTS, one column a statement"]
    if {"NOT", "DEFAULT", "UNIQUE", "PRIMARY", "CHECK", "CONSTRAINT"} & set(rest[5:]):
        return ["DSQL adds a column only without constraint and default"]
    return _column(rest[5:])


def _removal(tokens: Sequence[str]) -> list[str]:
    if tokens[1] not in ("TABLE", "INDEX", "VIEW"):
        return ["DROP may remove a table, an index or a view"]
    if tuple(tokens[2:4]) != ("IF", "EXISTS"):
        return ["DROP without IF EXISTS cannot run twice"]
    return []


def _items(tokens: Sequence[str]) -> list[list[str]]:
    """Give what stands between the commas of the first pair of parentheses."""
    items: list[list[str]] = [[]]
    depth = 0
    for piece in tokens:
        depth -= piece == ")"
        if depth == 0 and piece == ")":
            break
        if depth == 1 and piece == ",":
            items.append([])
        elif depth >= 1:
            items[-1].append(piece)
        depth += piece == "("
    return [item for item in items if item]


_KINDS: tuple[tuple[Callable[[Sequence[str]], bool], Callable[[Sequence[str]], list[str]]], ...] = (
    (_begins("CREATE", "TABLE"), _table),
    (_is_index, _index),
    (_begins("CREATE", "OR", "REPLACE", "VIEW"), lambda _: []),
    (_begins("ALTER", "TABLE"), _alteration),
    (_begins("DROP"), _removal),
    (_is_data, lambda _: []),
    (lambda _: True, lambda tokens: [f"{' '.join(tokens[:3])} is not taken"]),
)
