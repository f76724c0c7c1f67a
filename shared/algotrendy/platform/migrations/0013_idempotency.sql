-- What was answered under an idempotency key, so that the same request again does nothing twice.
CREATE TABLE IF NOT EXISTS idempotency_records (
    -- A hash of the tenant, the caller and the key.
    id text PRIMARY KEY,
    -- Of the request: another one under the same key is refused.
    payload_hash text NOT NULL,
    -- INPROGRESS or COMPLETED, as Powertools names them.
    status text NOT NULL,
    -- The answer, as JSON; null while it is being made.
    response text,
    -- Whoever has not answered by then has died on the way.
    in_progress_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- What has expired is found, and deleted, without reading the rest.
CREATE INDEX IF NOT EXISTS idempotency_records_by_expiry ON idempotency_records (expires_at);
