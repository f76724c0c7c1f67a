"""Compare what the executors of one sweep came to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]


def verdict(lines: Sequence[Line], runs: int) -> tuple[Line, str]:
    """Give what the last line says, and the complaint to end with, or nothing.

    An executor that is not installed is told of and is no failure; one that ran and failed is.

    Returns:
        ``compared``: whose tables were; ``identical``: whether they are the same bytes, None where
        fewer than two were; ``complete``: whether each has all its runs; ``failed`` and
        ``not_installed``: who.
    """
    ran = [line for line in lines if "table_sha256" in line]
    identical = len({line["table_sha256"] for line in ran}) == 1 if len(ran) > 1 else None
    short = [line["executor"] for line in ran if line["runs"] != runs]
    failed = [line["executor"] for line in lines if "failed" in line]
    found = {
        "compared": [line["executor"] for line in ran],
        "identical": identical,
        "complete": bool(ran) and not short,
        "failed": failed,
        "not_installed": [line["executor"] for line in lines if "not_installed" in line],
    }
    complaints = [f"failed: {', '.join(failed)}"] if failed else []
    if short:
        complaints.append(f"runs are missing: {', '.join(short)}")
    if identical is False:
        complaints.append("the results differ")
    return found, "; ".join(complaints)
