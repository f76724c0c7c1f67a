-- Backtests are sweeps of one run: they are listed without reading past the larger ones.
CREATE INDEX IF NOT EXISTS sweeps_of_tenant_by_runs ON sweeps (tenant, runs, id);
