-- Walk-forwards that are done. Rows are added and never changed.
CREATE TABLE IF NOT EXISTS walk_forwards (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    requested_by text NOT NULL,
    -- Of what came of it: the same again is the same walk.
    sha256 text NOT NULL,
    correlation_id text NOT NULL,
    made_at timestamptz NOT NULL,
    -- The request, what came of it, and its curve out of sample, as JSON.
    spec text NOT NULL,
    summary text NOT NULL,
    curve text NOT NULL,
    UNIQUE (tenant, sha256)
);

-- Ids are UUIDv7: their order is the order in which they were made.
CREATE INDEX IF NOT EXISTS walk_forwards_of_tenant ON walk_forwards (tenant, id);
