"""The page of the figures names them all, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from algotrendy.backtest.statistics.benchmark import Relative
from algotrendy.backtest.statistics.drawdowns import DrawdownSummary
from algotrendy.backtest.statistics.exposure import Activity
from algotrendy.backtest.statistics.full import full_statistics
from algotrendy.backtest.statistics.returns import Growth
from algotrendy.backtest.statistics.risk import Ratios, Risk
from algotrendy.backtest.statistics.round_trips import TradeStatistics
from algotrendy.backtest.statistics.selection import Confidence

PAGE = (Path(__file__).parents[4] / "docs/statistics.md").read_text(encoding="utf-8")
SECTIONS = {
    "Growth": (Growth,),
    "Risk": (Risk,),
    "Reward": (Ratios,),
    "Drawdowns": (DrawdownSummary,),
    "Confidence": (Confidence,),
    "Benchmark": (Relative,),
    "Trades and activity": (TradeStatistics, Activity),
}
OF_RETURNS = ("growth", "risk", "ratios", "drawdowns", "confidence")


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_names_the_figures_that_there_are(heading: str) -> None:
    section = PAGE.split(f"\n## {heading}: ")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]
    assert len(named) == len(set(named))
    there = {field.name for kind in SECTIONS[heading] for field in fields(kind)}
    assert set(named) == there


def test_the_page_counts_the_figures_right() -> None:
    found = full_statistics([1.0, 2.0, 1.0], benchmark=[1.0, 2.0, 3.0]).as_dict()
    alone = sum(len(found[part]) for part in OF_RETURNS)  # whole numbers
    beside = alone + len(found["benchmark"])
    assert f"The {beside} figures of returns beside a benchmark ({alone} without one)" in PAGE
    doings = f"adds {len(fields(Activity))} of activity, and {len(fields(TradeStatistics))} each"
    assert doings in PAGE
