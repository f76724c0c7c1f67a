-- The paper exchange by its name: what it keeps is read whole at a start, and written by key.
-- Documents are JSON; Aurora DSQL has no json columns.
CREATE TABLE IF NOT EXISTS exchange_accounts (
    exchange text NOT NULL,
    id text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (exchange, id)
);

CREATE TABLE IF NOT EXISTS exchange_orders (
    exchange text NOT NULL,
    id text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (exchange, id)
);

-- A flat position has no row.
CREATE TABLE IF NOT EXISTS exchange_positions (
    exchange text NOT NULL,
    account_id text NOT NULL,
    symbol text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (exchange, account_id, symbol)
);

-- Rows are added and never changed; the ids sort in the order of time.
CREATE TABLE IF NOT EXISTS exchange_activities (
    exchange text NOT NULL,
    id text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (exchange, id)
);

CREATE TABLE IF NOT EXISTS exchange_equity (
    exchange text NOT NULL,
    account_id text NOT NULL,
    at timestamptz NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (exchange, account_id, at)
);

-- Up to where the market was played, in ns since 1970 UTC, and the number of the one process that
-- may write: each that takes over counts on, and whoever has an older number is refused.
CREATE TABLE IF NOT EXISTS exchange_clock (
    exchange text PRIMARY KEY,
    writer bigint NOT NULL,
    last_event_ns bigint NULL
);
