"""`make scan`: look for mistakes and secrets in the code, without a platform.

`--write` keeps what is found now as known: look at each line of it before you do.
"""

from __future__ import annotations

import json
import sys

import typer

from security.findings import Report
from security.static import KNOWN, look_through_code, secrets_in_git


def main() -> int:
    """Look; 1 where anything is found."""
    if sys.argv[1:] == ["--write"]:
        KNOWN.write_text(json.dumps(secrets_in_git(), indent=1) + "\n")
        return 0
    report = Report()
    look_through_code(report)
    typer.echo(f"scan: {report.checks:,} checks, {len(report.failures)} failures")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
