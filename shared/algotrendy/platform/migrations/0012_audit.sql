-- What people did that is sensitive, one chain a tenant: each entry's hash is over its document,
-- which holds the hash before it. Rows are added and never changed.
CREATE TABLE IF NOT EXISTS audit_entries (
    tenant text NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    action text NOT NULL,
    at timestamptz NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    -- Canonical JSON: the very bytes that the hash is over.
    document text NOT NULL,
    PRIMARY KEY (tenant, seq),
    UNIQUE (tenant, id)
);

-- The end of each chain. Whoever adds an entry writes this row, so that there is one order.
CREATE TABLE IF NOT EXISTS audit_heads (
    tenant text PRIMARY KEY,
    seq bigint NOT NULL,
    hash text NOT NULL
);
