-- What replays of runs came to: of each run the newest report, whole.
CREATE TABLE IF NOT EXISTS live_reports (
    run_id uuid PRIMARY KEY,
    tenant text NOT NULL,
    account text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    stage text NOT NULL,
    made_at timestamptz NOT NULL,
    unexplained integer NOT NULL,
    -- JSON: everything that the page and the summary are made of.
    document text NOT NULL
);

-- The same by day, for the gate: what a version did on paper.
CREATE TABLE IF NOT EXISTS live_report_days (
    run_id uuid NOT NULL,
    day date NOT NULL,
    tenant text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    stage text NOT NULL,
    decisions integer NOT NULL,
    orders integer NOT NULL,
    unexplained integer NOT NULL,
    PRIMARY KEY (run_id, day)
);

CREATE INDEX IF NOT EXISTS live_report_days_of_version
    ON live_report_days (tenant, name, version, stage, day);
