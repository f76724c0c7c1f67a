-- Every backtest that anyone of a tenant made, counted. Rows are added and never changed.
-- A batch is named by the sha256 of what was run: run again, it is the same batch.
CREATE TABLE IF NOT EXISTS trial_batches (
    tenant text NOT NULL,
    sha256 text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    strategy text NOT NULL,
    version text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    PRIMARY KEY (tenant, sha256)
);

-- Ids are UUIDv7: their order is the order of the recording.
CREATE INDEX IF NOT EXISTS trial_batches_of_tenant ON trial_batches (tenant, id);

-- What a batch tried on one set of data. Sharpe ratios are per bar; m2 is the sum of their squared
-- deviations from the mean.
CREATE TABLE IF NOT EXISTS trial_tallies (
    tenant text NOT NULL,
    sha256 text NOT NULL,
    place integer NOT NULL,
    -- With a blank between: those that were traded together.
    symbols text NOT NULL,
    timeframe text NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL,
    periods_per_year double precision NOT NULL,
    observations integer NOT NULL,
    trials bigint NOT NULL,
    sharpe_count bigint NOT NULL,
    sharpe_mean double precision NOT NULL,
    sharpe_m2 double precision NOT NULL,
    sharpe_best double precision NULL,
    PRIMARY KEY (tenant, sha256, place)
);

-- Each symbol of each tally, with its dates: how the trials on some data are found.
CREATE TABLE IF NOT EXISTS trial_symbols (
    tenant text NOT NULL,
    symbol text NOT NULL,
    sha256 text NOT NULL,
    place integer NOT NULL,
    first_date date NOT NULL,
    last_date date NOT NULL,
    PRIMARY KEY (tenant, symbol, sha256, place)
);
