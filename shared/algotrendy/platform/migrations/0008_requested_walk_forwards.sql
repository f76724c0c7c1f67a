-- A walk forward is also requested, runs and ends. What is done already was run elsewhere, and kept.
ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS status text;

-- The caller's; sha256 is that of this key, or of what came of a walk that was run elsewhere.
ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS idempotency_key text;

-- 0 of one that was run elsewhere.
ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS attempt integer;

-- In the plan.
ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS windows integer;

ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS error text;

ALTER TABLE walk_forwards ADD COLUMN IF NOT EXISTS updated_at timestamptz;

UPDATE walk_forwards SET status = 'succeeded', idempotency_key = 'kept-' || sha256, attempt = 0, updated_at = made_at
WHERE status IS NULL;

CREATE INDEX IF NOT EXISTS walk_forwards_by_status ON walk_forwards (status, updated_at);
