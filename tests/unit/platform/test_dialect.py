"""What a migration may say: one test for each thing that Aurora DSQL refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.platform.dialect import refusals, statements
from algotrendy.platform.migrate import BOOKKEEPING, read_migrations

REFUSED = {
    "a foreign key of a column": (
        "CREATE TABLE IF NOT EXISTS a (id uuid PRIMARY KEY, b uuid REFERENCES b (id))",
        "foreign keys",
    ),
    "a foreign key of a table": (
        "CREATE TABLE IF NOT EXISTS a (id uuid, FOREIGN KEY (id) REFERENCES b (id))",
        "foreign keys",
    ),
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()", "triggers"),
    "a sequence": ("CREATE SEQUENCE s", "sequences"),
    "a use of a sequence": ("INSERT INTO a VALUES (nextval('s'))", "sequences"),
    "a serial column": ("CREATE TABLE IF NOT EXISTS a (id serial)", "serial"),
    "a bigserial column": ("create table if not exists a (id BigSerial)", "serial"),
    "an identity column": (
        "CREATE TABLE IF NOT EXISTS a (id bigint GENERATED ALWAYS AS IDENTITY)",
        "identity",
    ),
    "a temporary table": ("CREATE TEMP TABLE a (id uuid)", "temporary"),
    "a temporary table in full": ("CREATE TEMPORARY TABLE a (id uuid)", "temporary"),
    "an unlogged table": ("CREATE UNLOGGED TABLE a (id uuid)", "unlogged"),
    "a savepoint": ("SAVEPOINT s", "savepoints"),
    "truncate": ("TRUNCATE a", "TRUNCATE"),
    "vacuum": ("VACUUM a", "VACUUM"),
    "PL/pgSQL": ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'x'", "PL/pgSQL"),
    "a function": ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'x'", "functions"),
    "a procedure": ("CREATE PROCEDURE p() LANGUAGE sql AS 'x'", "procedures"),
    "a block": ("DO $$ BEGIN NULL END $$", "dollar-quoted"),
    "a partitioned table": (
        "CREATE TABLE IF NOT EXISTS a (id uuid) PARTITION BY HASH (id)",
        "partitions",
    ),
    "an heir": ("CREATE TABLE IF NOT EXISTS a (id uuid) INHERITS (b)", "inheritance"),
    "an extension": ("CREATE EXTENSION IF NOT EXISTS pgcrypto", "extensions"),
    "a type": ("CREATE TYPE mood AS ENUM ('glad')", "types of one's own"),
    "a materialized view": ("CREATE MATERIALIZED VIEW v AS SELECT 1", "materialized"),
    "a tablespace": ("CREATE TABLESPACE t LOCATION '/x'", "tablespaces"),
    "a row policy": ("CREATE POLICY p ON a", "row security"),
    "an exclusion": (
        "CREATE TABLE IF NOT EXISTS a (id uuid, EXCLUDE USING gist (id WITH =))",
        "exclusion",
    ),
    "a collation": ('CREATE TABLE IF NOT EXISTS a (n text COLLATE "C")', "collations"),
    "a table from a query": ("CREATE TABLE IF NOT EXISTS a AS SELECT 1", "CREATE TABLE AS"),
    "a json column": ("CREATE TABLE IF NOT EXISTS a (j jsonb)", "type JSONB"),
    "an array column": ("CREATE TABLE IF NOT EXISTS a (t text[])", "array"),
    "an unknown type": ("CREATE TABLE IF NOT EXISTS a (m money)", "type MONEY"),
    "a column without a type": ("CREATE TABLE IF NOT EXISTS a (m)", "type nothing"),
    "a partial index": ("CREATE INDEX IF NOT EXISTS i ON a (n) WHERE n IS NULL", "partial"),
    "an index on an expression": ("CREATE INDEX IF NOT EXISTS i ON a (lower(n))", "expressions"),
    "another kind of index": ("CREATE INDEX IF NOT EXISTS i ON a USING gin (n)", "one kind"),
    "a descending index": ("CREATE INDEX IF NOT EXISTS i ON a (n DESC)", "no direction"),
    "an ascending index": ("CREATE INDEX IF NOT EXISTS i ON a (n ASC)", "no direction"),
    "an index written for DSQL": ("CREATE INDEX ASYNC i ON a (n)", "becomes ASYNC"),
    "a concurrent index": ("CREATE INDEX CONCURRENTLY i ON a (n)", "without CONCURRENTLY"),
    "a dropped column": ("ALTER TABLE a DROP COLUMN n", "may only ADD COLUMN"),
    "a changed column": ("ALTER TABLE a ALTER COLUMN n TYPE text", "types of one's own"),
    "a renamed column": ("ALTER TABLE a RENAME COLUMN n TO m", "may only ADD COLUMN"),
    "an added constraint": ("ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)", "may only ADD COLUMN"),
    "an added column that must be filled": (
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS n text NOT NULL",
        "without constraint and default",
    ),
    "an added column with a default": (
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS n text DEFAULT 'x'",
        "without constraint and default",
    ),
    "an added column of a strange type": (
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS n jsonb",
        "type JSONB",
    ),
    "two added columns": (
        "ALTER TABLE a ADD COLUMN IF NOT EXISTS n text, ADD COLUMN IF NOT EXISTS m text",
        "one column a statement",
    ),
    "a transaction of its own": ("BEGIN", "transaction control"),
    "the server's clock": (
        "CREATE TABLE IF NOT EXISTS a (t timestamptz DEFAULT now())",
        "the app's clock",
    ),
    "the server's clock by its other name": (
        "UPDATE a SET t = CURRENT_TIMESTAMP",
        "the app's clock",
    ),
    "a table that cannot be made twice": ("CREATE TABLE a (id uuid)", "cannot run twice"),
    "an index that cannot be made twice": ("CREATE INDEX i ON a (n)", "cannot run twice"),
    "a column that cannot be added twice": ("ALTER TABLE a ADD COLUMN n text", "IF NOT EXISTS"),
    "a table that cannot be dropped twice": ("DROP TABLE a", "cannot run twice"),
    "a dropped schema": ("DROP SCHEMA IF EXISTS s", "a table, an index or a view"),
    "a grant": ("GRANT SELECT ON a TO b", "GRANT SELECT ON is not taken"),
    "a query": ("SELECT 1", "SELECT 1 is not taken"),
}

TAKEN = [
    "CREATE TABLE IF NOT EXISTS a (id uuid PRIMARY KEY, n numeric(18, 6) NOT NULL CHECK (n > 0))",
    "CREATE TABLE IF NOT EXISTS a (id uuid, n varchar(10) DEFAULT 'x', UNIQUE (id, n))",
    "CREATE TABLE IF NOT EXISTS a (id uuid, CONSTRAINT c PRIMARY KEY (id))",
    "CREATE INDEX IF NOT EXISTS i ON a (n, m)",
    "CREATE UNIQUE INDEX IF NOT EXISTS i ON a (n NULLS FIRST)",
    "CREATE OR REPLACE VIEW v AS SELECT n FROM a",
    "ALTER TABLE a ADD COLUMN IF NOT EXISTS n timestamptz",
    "DROP INDEX IF EXISTS i",
    "INSERT INTO a (n) VALUES ('BEGIN; TRUNCATE a; SERIAL')",
    "UPDATE a SET n = 'it''s now()' WHERE \"now\" = 1",
    "DELETE FROM a WHERE n = 1 -- TRUNCATE is refused",
]


@pytest.mark.parametrize(("sql", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_dsql_does_not_take(sql: str, reason: str) -> None:
    (statement,) = statements(sql + ";")
    assert any(reason in found for found in refusals(statement)), refusals(statement)


@pytest.mark.parametrize("sql", TAKEN)
def test_both_databases_take(sql: str) -> None:
    (statement,) = statements(sql)
    assert refusals(statement) == []


def test_every_statement_of_ours_is_taken() -> None:
    migrations = read_migrations()
    ours = [each for migration in migrations for each in migration.statements]
    ours += statements(BOOKKEEPING)
    assert len(ours) >= 7
    assert [refusals(statement) for statement in ours] == [[]] * len(ours)


def test_statements_end_at_semicolons_but_not_in_strings_names_and_comments() -> None:
    sql = """
    -- first; not a statement
    INSERT INTO a VALUES ('one; two', 'it''s');  -- trailing; comment
    UPDATE "odd;name" SET n = 1;;
    DELETE FROM a
    """
    assert [statement.text for statement in statements(sql)] == [
        "INSERT INTO a VALUES ('one; two', 'it''s')",
        'UPDATE "odd;name" SET n = 1',
        "DELETE FROM a",
    ]


@pytest.mark.parametrize("sql", ["SELECT 'open", 'SELECT "open', "/* block */ SELECT 1"])
def test_sql_that_cannot_be_read_is_an_error_and_not_a_guess(sql: str) -> None:
    with pytest.raises(ValueError, match="cannot read SQL"):
        list(statements(sql))


@given(st.text(alphabet=st.characters(exclude_characters="'\x00"), max_size=40))
def test_no_text_in_a_string_changes_what_a_statement_is(text: str) -> None:
    found = list(statements(f"INSERT INTO a (n) VALUES ('{text}'); DELETE FROM a;"))
    assert len(found) == 2
    assert f"'{text}'" in found[0].text
    assert refusals(found[0]) == []


def test_dsql_gets_the_same_statement_with_asynchronous_indexes() -> None:
    (plain, unique, table) = statements(
        "CREATE INDEX IF NOT EXISTS i ON a (n);"
        " create unique index if not exists index_of_a on a (n);"
        " CREATE TABLE IF NOT EXISTS index (n text);"
    )
    assert plain.for_dsql() == "CREATE INDEX ASYNC IF NOT EXISTS i ON a (n)"
    assert unique.for_dsql() == "create unique INDEX ASYNC if not exists index_of_a on a (n)"
    assert table.for_dsql() == table.text
