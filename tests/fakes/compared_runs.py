"""Compare two runs bit for bit."""

from __future__ import annotations

import numpy as np

from algotrendy.backtest.engine.raw import Raw

CURVES = ("equity", "cash", "exposure", "positions")


def differences(one: Raw, other: Raw) -> list[str]:
    """Tell in words where two runs differ: curves, fills, orders, the account's counts."""
    found = [
        f"{name} from {np.flatnonzero(getattr(one, name) != getattr(other, name))[:1]} on"
        for name in CURVES
        if not np.array_equal(getattr(one, name), getattr(other, name))
    ]
    for table in ("done", "log"):
        rows, others = getattr(one, table), getattr(other, table)
        if len(rows) != len(others):
            found.append(f"{table}: {len(rows)} and {len(others)} rows")
        for name in rows.dtype.names:
            least = min(len(rows), len(others))
            if not np.array_equal(rows[name][:least], others[name][:least], equal_nan=True):
                first = np.flatnonzero(rows[name][:least] != others[name][:least])[0]
                found.append(f"{table}.{name} from row {first} on")
    for name, _ in one.account.fields:
        if getattr(one.account, name) != getattr(other.account, name):
            values = getattr(one.account, name), getattr(other.account, name)
            found.append(f"account.{name}: {values}")
    return found
