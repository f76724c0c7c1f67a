-- Prices and listings of each account's own market: one account's play money is not another's real price.
-- The tables without a root are no longer used. A process of before may still read them while the next one
-- takes over, so that they are not dropped here.
CREATE TABLE IF NOT EXISTS account_quotes (
    root text NOT NULL,
    symbol text NOT NULL,
    at timestamptz NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (root, symbol)
);

CREATE TABLE IF NOT EXISTS account_wanted (
    root text NOT NULL,
    symbol text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (root, symbol)
);

CREATE INDEX IF NOT EXISTS account_wanted_lately ON account_wanted (root, at);

CREATE TABLE IF NOT EXISTS account_listings (
    root text NOT NULL,
    symbol text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (root, symbol)
);
