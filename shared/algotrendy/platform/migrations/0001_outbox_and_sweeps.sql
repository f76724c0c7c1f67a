-- Events that a transaction promised to publish, in the order of their ids (UUIDv7).
CREATE TABLE IF NOT EXISTS outbox (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    version integer NOT NULL,
    -- The envelope as JSON. Aurora DSQL has no json columns.
    payload text NOT NULL,
    occurred_at timestamptz NOT NULL,
    published_at timestamptz NULL,
    -- Until then the event belongs to one relay, or waits after a failure.
    claimed_until timestamptz NULL,
    attempts integer NOT NULL
);

-- Aurora DSQL has no partial indexes: the unpublished come first within the whole.
CREATE INDEX IF NOT EXISTS outbox_unpublished ON outbox (published_at, id);

CREATE TABLE IF NOT EXISTS sweeps (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    requested_by text NOT NULL,
    idempotency_key text NOT NULL,
    correlation_id text NOT NULL,
    -- The request as canonical JSON.
    spec text NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL,
    runs integer NULL,
    shards integer NULL,
    -- What summary.json says, as JSON, once succeeded.
    summary text NULL,
    error text NULL,
    requested_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant, idempotency_key)
);

-- Ids are UUIDv7: their order is the order of the requests.
CREATE INDEX IF NOT EXISTS sweeps_of_tenant ON sweeps (tenant, id);

CREATE INDEX IF NOT EXISTS sweeps_by_status ON sweeps (status, updated_at);
