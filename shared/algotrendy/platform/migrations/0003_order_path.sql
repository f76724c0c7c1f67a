-- The ledger of money. Documents are JSON that names its kind and version; the columns beside them
-- are what rows are found by. An account is named whole: its root, and it or a part of it.
CREATE TABLE IF NOT EXISTS ledger_accounts (
    id text PRIMARY KEY,
    root text NOT NULL,
    tenant text NOT NULL,
    -- Counted up by each transaction that decides about the account, so that two conflict.
    claims bigint NOT NULL,
    document text NOT NULL
);

CREATE INDEX IF NOT EXISTS ledger_accounts_of_tenant ON ledger_accounts (tenant);

CREATE INDEX IF NOT EXISTS ledger_accounts_of_root ON ledger_accounts (root);

-- Where each order stands after its events; what it is, only they say.
CREATE TABLE IF NOT EXISTS ledger_orders (
    id uuid PRIMARY KEY,
    root text NOT NULL,
    account text NOT NULL,
    client_order_id text NOT NULL,
    symbol text NOT NULL,
    intended_at timestamptz NOT NULL,
    leg_of uuid NULL,
    parent uuid NULL,
    -- How many events it has.
    events integer NOT NULL,
    status text NOT NULL,
    filled_quantity numeric(36, 18) NOT NULL,
    held numeric(36, 18) NOT NULL,
    currency text NOT NULL,
    is_settled boolean NOT NULL,
    -- The symbol again, once something of it was executed.
    executed_symbol text NULL,
    attempt integer NOT NULL,
    is_workflow_over boolean NOT NULL,
    UNIQUE (root, client_order_id)
);

CREATE INDEX IF NOT EXISTS ledger_orders_open ON ledger_orders (root, is_settled, id);

CREATE INDEX IF NOT EXISTS ledger_orders_of_root ON ledger_orders (root, id);

CREATE INDEX IF NOT EXISTS ledger_orders_of_account ON ledger_orders (account, id);

CREATE INDEX IF NOT EXISTS ledger_orders_intended ON ledger_orders (root, intended_at);

CREATE INDEX IF NOT EXISTS ledger_orders_legs ON ledger_orders (leg_of);

CREATE INDEX IF NOT EXISTS ledger_orders_children ON ledger_orders (parent);

CREATE INDEX IF NOT EXISTS ledger_orders_executed ON ledger_orders (account, executed_symbol);

CREATE INDEX IF NOT EXISTS ledger_orders_without_end ON ledger_orders (is_workflow_over, id);

-- Rows are added and never changed: two writers of one order meet in the key.
CREATE TABLE IF NOT EXISTS ledger_order_events (
    order_id uuid NOT NULL,
    seq integer NOT NULL,
    root text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (order_id, seq)
);

CREATE INDEX IF NOT EXISTS ledger_order_events_of_root
    ON ledger_order_events (root, order_id, seq);

-- Two orders of one name at the broker would be found here, and not refused.
CREATE TABLE IF NOT EXISTS ledger_broker_orders (
    root text NOT NULL,
    broker_order_id text NOT NULL,
    order_id uuid NOT NULL,
    PRIMARY KEY (root, broker_order_id, order_id)
);

-- Rows are added and never changed. The id is of the entry's time and key.
CREATE TABLE IF NOT EXISTS ledger_entries (
    key text PRIMARY KEY,
    id uuid NOT NULL,
    root text NOT NULL,
    account text NOT NULL,
    kind text NOT NULL,
    -- The key of the entry that this one takes back, which only one can.
    reverses text NULL,
    document text NOT NULL,
    UNIQUE (reverses)
);

CREATE INDEX IF NOT EXISTS ledger_entries_of_root ON ledger_entries (root, id);

CREATE INDEX IF NOT EXISTS ledger_entries_of_account ON ledger_entries (account, id);

-- A book of money has no symbol, units have no currency: both are the empty text then.
CREATE TABLE IF NOT EXISTS ledger_balances (
    account text NOT NULL,
    book text NOT NULL,
    symbol text NOT NULL,
    currency text NOT NULL,
    root text NOT NULL,
    amount numeric(36, 18) NOT NULL,
    PRIMARY KEY (account, book, symbol, currency)
);

CREATE INDEX IF NOT EXISTS ledger_balances_of_root ON ledger_balances (root);

CREATE TABLE IF NOT EXISTS ledger_lots (
    account text NOT NULL,
    symbol text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (account, symbol)
);

CREATE TABLE IF NOT EXISTS ledger_closed_lots (
    account text NOT NULL,
    symbol text NOT NULL,
    closed_by text NOT NULL,
    lot_id text NOT NULL,
    root text NOT NULL,
    closed_at timestamptz NOT NULL,
    -- Of the lots that one trade closed: which came first.
    turn integer NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (account, symbol, closed_by, lot_id)
);

CREATE INDEX IF NOT EXISTS ledger_closed_lots_of_root ON ledger_closed_lots (root, closed_at);

CREATE INDEX IF NOT EXISTS ledger_closed_lots_of_account
    ON ledger_closed_lots (account, closed_at);

CREATE TABLE IF NOT EXISTS ledger_leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger_waits (
    order_id uuid NOT NULL,
    waiting_for text NOT NULL,
    root text NOT NULL,
    token text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, waiting_for)
);

CREATE INDEX IF NOT EXISTS ledger_waits_of_root ON ledger_waits (root);

-- Rows are added and never changed.
CREATE TABLE IF NOT EXISTS ledger_audit (
    id uuid PRIMARY KEY,
    root text NOT NULL,
    account text NOT NULL,
    document text NOT NULL
);

CREATE INDEX IF NOT EXISTS ledger_audit_of_root ON ledger_audit (root, id);

CREATE INDEX IF NOT EXISTS ledger_audit_of_account ON ledger_audit (account, id);

CREATE TABLE IF NOT EXISTS ledger_documents (
    kind text NOT NULL,
    id uuid NOT NULL,
    root text NOT NULL,
    is_open boolean NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX IF NOT EXISTS ledger_documents_of_root ON ledger_documents (kind, root, id);

CREATE INDEX IF NOT EXISTS ledger_documents_open ON ledger_documents (kind, root, is_open, id);

CREATE TABLE IF NOT EXISTS market_quotes (
    symbol text PRIMARY KEY,
    at timestamptz NOT NULL,
    document text NOT NULL
);

CREATE TABLE IF NOT EXISTS market_wanted (
    symbol text PRIMARY KEY,
    at timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS market_wanted_lately ON market_wanted (at);

CREATE TABLE IF NOT EXISTS market_listings (
    symbol text PRIMARY KEY,
    document text NOT NULL
);

CREATE TABLE IF NOT EXISTS risk_limits (
    account text NOT NULL,
    version integer NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (account, version)
);

-- Of the account itself where the strategy is the empty text; so below.
CREATE TABLE IF NOT EXISTS risk_trading_states (
    account text NOT NULL,
    strategy text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (account, strategy)
);

CREATE TABLE IF NOT EXISTS risk_marks (
    account text NOT NULL,
    strategy text NOT NULL,
    document text NOT NULL,
    PRIMARY KEY (account, strategy)
);

CREATE TABLE IF NOT EXISTS risk_kill_switches (
    id uuid PRIMARY KEY,
    account text NOT NULL,
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    -- Neither pulled nor revoked.
    is_scheduled boolean NOT NULL,
    is_acting boolean NOT NULL,
    document text NOT NULL
);

CREATE INDEX IF NOT EXISTS risk_kill_switches_of_account ON risk_kill_switches (account, asked_at);

CREATE INDEX IF NOT EXISTS risk_kill_switches_scheduled ON risk_kill_switches (is_scheduled, due_at);
