-- When each duty that runs on a schedule last came to its end.
CREATE TABLE IF NOT EXISTS heartbeats (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
