"""`sweep` for notebooks: bars in, a table and a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest import Terms, strategy, sweep
from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.backtest.keys import Keys
from algotrendy.kernel.errors import Invalid
from fakes.bars_for_backtests import walk
from fakes.sweep_world import SWEEP_ID, some_spec
from unit.backtest.test_sweep_flow import finished

BARS = [walk("BBB", 120, seed=2).adjusted("all"), walk("AAA", 120, seed=1).adjusted("all")]
RANGES: dict[str, Any] = {"fast": {"start": 4, "stop": 12, "step": 4}, "slow": [12, 16, 24]}


@strategy(parameters={"number": 1})
def choosy(market: Any, own: Any, p: Any) -> None:
    """Buy; with 4 raise."""
    if p.number == 4:
        raise ZeroDivisionError("an average of nothing")
    market.invest(1.0 / p.number)


def test_a_sweep_of_a_notebook_has_the_table_of_a_sweep_of_the_lake(tmp_path: Path) -> None:
    found = sweep(BARS, "sma_cross", RANGES, mode="interpreted")
    assert found.table == finished(some_spec()).objects[Keys(SWEEP_ID).table]
    assert len(found.rows()) == len(found.to_frame()) == 16
    assert found.best["parameters"]["units"] == 0
    assert found.verdict.startswith("refused: ")
    assert b"The gate refuses it" in found.report(tmp_path / "page.html").read_bytes()


def test_a_strategy_and_terms_of_ones_own_are_swept() -> None:
    terms = Terms(cash=5_000, fee_bps=0, slippage_bps=20)
    found = sweep(BARS[1], choosy, {"number": [1, 2]}, terms=terms, mode="interpreted")
    assert [row["symbol"] for row in found.rows()] == ["AAA", "AAA"]
    assert 2_000 < found.best["statistics"]["final_equity"] < 10_000


def test_the_same_again_counts_nothing_new() -> None:
    once, again = (
        sweep(BARS[:1], choosy, {"number": [3, 5]}, mode="interpreted").summary for _ in range(2)
    )
    assert once["winner"]["trials_on_these_data"] == again["winner"]["trials_on_these_data"]


def test_a_strategy_that_raises_is_named_with_its_run() -> None:
    with pytest.raises(StrategyFailedError, match="run 2, choosy on AAA with number=4 raised"):
        sweep(BARS[1], choosy, {"number": [1, 4]}, mode="interpreted")


def test_several_assets_are_swept_together_or_refused_by_the_field() -> None:
    window = {"window": [20, 30]}
    terms = Terms(allow_short=True)
    found = sweep(BARS, "pairs_trading", window, together=True, terms=terms, mode="interpreted")
    assert [row["symbol"] for row in found.rows()] == ["AAA BBB", "AAA BBB"]
    with pytest.raises(Invalid, match="together must be true"):
        sweep(BARS, "pairs_trading", window, mode="interpreted")
