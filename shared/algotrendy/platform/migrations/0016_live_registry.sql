-- Registered strategies, in versions. Nothing of a version changes but how far it has come.
CREATE TABLE IF NOT EXISTS strategy_versions (
    tenant text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    id uuid NOT NULL,
    -- JSON: code, parameters, symbols, timeframe, schedule, calendar, terms; sha256 is over it.
    content text NOT NULL,
    sha256 text NOT NULL,
    author text NOT NULL,
    note text NOT NULL,
    registered_at timestamptz NOT NULL,
    stage text NOT NULL,
    since timestamptz NOT NULL,
    -- JSON: what the study shows that it was tested by; NULL for a draft.
    studied text NULL,
    PRIMARY KEY (tenant, name, version)
);

-- Ids are UUIDv7: their order is the order of the registration.
CREATE INDEX IF NOT EXISTS strategy_versions_of_tenant ON strategy_versions (tenant, id);

-- How versions came to their stages. Rows are added and never changed.
CREATE TABLE IF NOT EXISTS strategy_promotions (
    tenant text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    id uuid NOT NULL,
    before text NOT NULL,
    stage text NOT NULL,
    promoted_by text NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    -- JSON: each number and its bar, each condition.
    ruling text NOT NULL,
    studied text NULL,
    PRIMARY KEY (tenant, name, version, id)
);
