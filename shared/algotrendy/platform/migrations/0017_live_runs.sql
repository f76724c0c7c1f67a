-- Runs of strategies: what a run is stands in its document and never changes; where it stands, in
-- the columns. Whoever changes a row names the epoch that they saw.
CREATE TABLE IF NOT EXISTS live_runs (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    account text NOT NULL,
    timeframe text NOT NULL,
    is_over boolean NOT NULL,
    wanted text NOT NULL,
    -- NULL: nothing happened to it.
    trouble text NULL,
    reason text NOT NULL,
    step integer NOT NULL,
    -- Nanoseconds since 1970 UTC.
    bar_at bigint NOT NULL,
    epoch bigint NOT NULL,
    digest text NOT NULL,
    changed_at timestamptz NOT NULL,
    document text NOT NULL
);

CREATE INDEX IF NOT EXISTS live_runs_of_tenant ON live_runs (tenant, id);

CREATE INDEX IF NOT EXISTS live_runs_open ON live_runs (is_over, timeframe, id);

-- Each step once: two writers of one step, or of one moment's bars, meet in the keys.
CREATE TABLE IF NOT EXISTS live_steps (
    run_id uuid NOT NULL,
    step integer NOT NULL,
    bar_at bigint NOT NULL,
    decided_at timestamptz NOT NULL,
    lake_version bigint NOT NULL,
    -- JSON, each number as Python writes it: it is read back bit for bit.
    bars text NOT NULL,
    inputs text NOT NULL,
    decisions text NOT NULL,
    outcomes text NOT NULL,
    state text NOT NULL,
    digest text NOT NULL,
    equity double precision NOT NULL,
    PRIMARY KEY (run_id, step),
    UNIQUE (run_id, bar_at)
);

-- Orders of runs, by the names that brokers know them under.
CREATE TABLE IF NOT EXISTS live_orders (
    run_id uuid NOT NULL,
    client_order_id text NOT NULL,
    desk_order integer NOT NULL,
    step integer NOT NULL,
    number integer NOT NULL,
    asset integer NOT NULL,
    role integer NOT NULL,
    -- The order whose exit it is, held by the broker.
    leg_of uuid NULL,
    -- NULL: it was never admitted.
    order_id uuid NULL,
    -- JSON: the executions that the strategy was told of.
    told text NOT NULL,
    is_over boolean NOT NULL,
    PRIMARY KEY (run_id, client_order_id)
);

CREATE INDEX IF NOT EXISTS live_orders_open ON live_orders (run_id, is_over);
