"""Files as a user of the backtester has them: bars in CSV, strategies in Python."""

from __future__ import annotations

from pathlib import Path

from fakes.bars_for_backtests import walk

STRATEGY = '''from algotrendy.backtest import strategy
from algotrendy.strategy.indicators import sma


@strategy(parameters={"length": 10}, indicators={"mean": sma("length")})
def cross(market, own, p):
    """Hold while the close is above its mean."""
    if market.position == 0.0 and market.close[-1] > own.mean:
        market.invest()
    elif market.close[-1] < own.mean:
        market.exit()
'''


def csv_text(bars: int = 120, seed: int = 1) -> str:
    """Write a random walk of daily bars as CSV."""
    from algotrendy.market_data.series import session_date

    made = walk("AAA", bars, seed)
    rows = zip(made.times, made.open, made.high, made.low, made.close, made.volume, strict=True)
    lines = [f"{session_date(time)},{','.join(map(str, rest))}" for time, *rest in rows]
    return "\n".join(["Date,Open,High,Low,Close,Volume", *lines, ""])


def write_files(folder: Path) -> None:
    """Write good.csv, other.csv and cross.py."""
    (folder / "good.csv").write_text(csv_text())
    (folder / "other.csv").write_text(csv_text(seed=2))
    (folder / "cross.py").write_text(STRATEGY)


def with_line(text: str, line: int, changed: str) -> str:
    """Give text with another line; they are counted from 1."""
    lines = text.splitlines()
    lines[line - 1] = changed
    return "\n".join([*lines, ""])
