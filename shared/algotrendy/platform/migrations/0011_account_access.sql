-- Who gets at which account. An account without a row here is open to its whole tenant.
CREATE TABLE IF NOT EXISTS account_access (
    tenant text NOT NULL,
    account text NOT NULL,
    -- In lower case, as the user pool takes names in any case for the same.
    user_name text NOT NULL,
    -- With a blank between.
    roles text NOT NULL,
    PRIMARY KEY (tenant, account, user_name)
);

-- Who changed the list of an account last. Whoever changes it writes this row, so that there is one
-- order; it stays when the list is gone.
CREATE TABLE IF NOT EXISTS account_access_versions (
    tenant text NOT NULL,
    account text NOT NULL,
    version bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant, account)
);
