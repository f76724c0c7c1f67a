"""What is tried in a notebook counts, where there is a ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from algotrendy.backtest import backtest, walk_forward, wiring
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.platform.settings import reset_settings
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_recorder

BARS = walk("AAA", 200, seed=1).adjusted("raw")
EVER = (date(1900, 1, 1), date(2100, 1, 1))


def run(**options: Any) -> None:
    backtest(BARS, "sma_cross", mode="interpreted", slow=30, **options)


def test_a_run_counts_once_with_who_counts() -> None:
    who = some_recorder()
    for fast in (5, 10, 10):
        run(recorder=who, fast=fast)
    tried = who.ledger.tried_on(who.tenant, ["AAA"], *EVER)
    assert (tried.trials, tried.by_strategy) == (2, {"sma_cross": 2})


def test_without_a_ledger_in_the_settings_nothing_counts() -> None:
    assert wiring.recorder() is None


@pytest.fixture
def no_answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("ALGOTRENDY_TENANT", "acme")
    reset_settings()
    wiring.trials.cache_clear()
    yield
    monkeypatch.undo()
    reset_settings()
    wiring.trials.cache_clear()


@pytest.mark.usefixtures("no_answer")
def test_the_ledger_of_the_settings_counts_for_the_tenant_that_they_name() -> None:
    who = wiring.recorder()
    assert who is not None
    assert (who.tenant, who.is_kept) == ("acme", True)


@pytest.mark.usefixtures("no_answer")
def test_a_run_is_not_lost_over_a_ledger_that_does_not_answer() -> None:
    with pytest.warns(UserWarning, match="not counted as a trial"):
        run(fast=5)


@pytest.mark.usefixtures("no_answer")
def test_a_walk_that_its_ledger_cannot_count_is_not_walked() -> None:
    with pytest.raises(Unavailable):
        walk_forward(
            BARS,
            "sma_cross",
            {"fast": [5], "slow": [10]},
            {"in_sample": 100, "out_of_sample": 50},
            mode="interpreted",
            checks=None,
        )


def test_one_who_counts_and_cannot_is_told() -> None:
    class Full:
        def record(self, entry: object) -> None:
            raise Invalid("timeframe", "one of the ledger's", "1Week")

    with pytest.raises(Invalid, match="timeframe"):
        run(fast=5, recorder=Full())
