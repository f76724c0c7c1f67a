-- Every token of a workflow that waits, until it is answered: clocks do not tell which is the newest.
-- A token is too long for a key; its hash is not.
DROP TABLE IF EXISTS ledger_waits;

CREATE TABLE IF NOT EXISTS ledger_tokens (
    order_id uuid NOT NULL,
    token_hash text NOT NULL,
    token text NOT NULL,
    waiting_for text NOT NULL,
    root text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, token_hash)
);

CREATE INDEX IF NOT EXISTS ledger_tokens_of_root ON ledger_tokens (root);
