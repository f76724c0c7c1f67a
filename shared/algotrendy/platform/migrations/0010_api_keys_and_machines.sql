-- Keys of people's scripts. No secret is here: seal is a keyed hash over it and over what the key
-- allows, so a row that was changed by hand fits no key.
CREATE TABLE IF NOT EXISTS api_keys (
    id uuid NOT NULL PRIMARY KEY,
    tenant text NOT NULL,
    owner text NOT NULL,
    owner_name text NOT NULL,
    name text NOT NULL,
    -- With a blank between.
    roles text NOT NULL,
    permissions text NOT NULL,
    -- NULL: all that the owner gets at.
    accounts text NULL,
    -- The Idempotency-Key of the request that asked for it.
    request text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Earlier than it expires: revoked, or replaced and the overlap is over.
    ends_at timestamptz NULL,
    revoked_at timestamptz NULL,
    replaced_by uuid NULL,
    -- At most once a minute.
    last_used_at timestamptz NULL,
    seal text NOT NULL,
    UNIQUE (tenant, owner, request)
);

-- Programs that sign in with client credentials: which tenant each acts for, and in which roles.
CREATE TABLE IF NOT EXISTS machine_clients (
    client_id text NOT NULL PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    -- With a blank between.
    roles text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    UNIQUE (tenant, name)
);
