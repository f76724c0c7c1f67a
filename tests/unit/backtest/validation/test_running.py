"""A walk forward whole: counted, resumable, judged, and plausible on real bars."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.gate import Gate
from algotrendy.backtest.trials import Kind
from algotrendy.backtest.validation.checks import CrossChecks
from algotrendy.backtest.validation.kept_scores import BlobScores
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import Walk, run_walk_forward
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walked import Step
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.adapters.samples import read_samples
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_plan, some_recorder
from fakes.memory_blobs import MemoryBlobs
from fakes.some_trials import ACME
from fakes.walk_world import Killed

CHECKS = CrossChecks(blocks=4, groups=4, test_groups=2, embargo=2)


def walked(plan: WalkPlan | None = None, **options: Any) -> WalkForwardOutcome:
    return run_walk_forward(plan or some_plan(), some_recorder(), **options)


def test_an_outcome_is_json_as_it_stands() -> None:
    found = walked(some_plan(cross_checks=CHECKS)).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(
        walked(some_plan(cross_checks=CHECKS)).to_text()
    )


def test_every_combination_of_every_window_is_counted_once() -> None:
    recorder = some_recorder()
    outcome = run_walk_forward(some_plan(), recorder)
    assert len(outcome.walked.steps) == 4
    assert (outcome.walked.trials, outcome.counted.trials) == (24, 24)
    assert run_walk_forward(some_plan(), recorder).counted.trials == 24
    batches = recorder.ledger.history(ACME).batches
    assert {batch.kind for batch in batches} == {Kind.WALK_FORWARD}
    assert {batch.version for batch in batches} == {"engine 3"}


def test_trials_of_others_on_the_same_data_deflate_too() -> None:
    recorder = some_recorder()
    alone = run_walk_forward(some_plan(), recorder)
    run_walk_forward(some_plan(parameters={"fast": [2, 4, 6], "slow": [30, 40]}), recorder)
    again = run_walk_forward(some_plan(), recorder)
    assert again.counted.trials == 48
    assert again.returns.tolist() == alone.returns.tolist()
    first, second = (one.statistics.confidence.trials for one in (alone, again))
    assert (first, second) == (24, 48)


def test_the_outcome_says_where_the_trials_were_counted() -> None:
    kept = some_recorder()
    forgotten = Recorder(kept.ledger, kept.tenant, kept.recorded_by, kept.correlation_id, False)
    assert run_walk_forward(some_plan(), kept).to_json()["trials_counted_in"] == "the trial ledger"
    said = run_walk_forward(some_plan(), forgotten).to_json()["trials_counted_in"]
    assert said == "this process alone, which forgets them"


def test_what_was_killed_goes_on_and_comes_to_the_same() -> None:
    blobs, plan = MemoryBlobs(), some_plan(method="genetic", batch=2)
    told: list[int] = []

    def dies(window: Window, tried: int) -> None:
        told.append(tried)
        if len(told) == 5:
            raise Killed

    with pytest.raises(Killed):
        walked(plan, blobs=blobs, progress=dies)
    kept = dict(blobs.objects)
    # Five batches of scores, and the window that was done.
    assert len(kept) == 6
    outcome = walked(plan, blobs=blobs)
    # What was stored before was neither run nor written again.
    assert not set(blobs.puts[6:]) & set(kept)
    assert outcome.to_json() == walked(plan).to_json()


def test_windows_that_are_done_are_not_done_again() -> None:
    blobs, plan = MemoryBlobs(), some_plan()
    whole = walked(plan, blobs=blobs)

    def dies(*_: object) -> None:
        raise Killed

    recorder = some_recorder()
    again = Walk(plan, recorder, blobs, progress=dies, on_run=dies).run()
    assert again.to_json() == whole.to_json()
    assert again.counted.trials == 24, "a ledger that forgot them is told again"


def test_a_damaged_score_is_run_again() -> None:
    blobs, plan = MemoryBlobs(), some_plan()
    whole = walked(plan, blobs=blobs)
    key = min(blobs.objects)
    good = blobs.objects[key]
    for bad in (b"", b"[]", good.replace(b"0.", b"9.", 1)):
        blobs.objects[key] = bad
        del blobs.objects[min(each for each in blobs.objects if "/steps/" in each)]
        assert walked(plan, blobs=blobs).to_json() == whole.to_json()
        assert blobs.objects[key] == good


def test_other_bars_or_values_find_no_score_of_this_plan() -> None:
    plan = some_plan()
    others = [
        some_plan(MemoryBars(walk("AAA", 300, seed=4))),
        some_plan(cash=5_000),
        some_plan(objective="calmar"),
        some_plan(parameters={"fast": [3, 5], "slow": [10, 20]}),
    ]
    assert len({plan.sha256, *(other.sha256 for other in others)}) == 5
    assert some_plan(end="2009-12-31").sha256 == plan.sha256
    blobs = MemoryBlobs()
    walked(plan, blobs=blobs)
    assert BlobScores(blobs, plan.sha256).read(plan.windows[0])
    assert not BlobScores(blobs, others[0].sha256).read(plan.windows[0])


def test_windows_done_by_several_workers_come_to_the_same() -> None:
    plan, recorder = some_plan(cross_checks=CHECKS), some_recorder()
    work = Walk(plan, recorder)
    done = [work.step(number) for number in reversed(range(len(plan.windows)))]
    steps = [Step.from_json(step.to_json()) for step, _ in reversed(done)]
    tried = {combination for _, found in done for combination in found}
    assert work.judged(steps, tried).to_json() == walked(plan).to_json()


def test_looking_across_runs_each_combination_on_all_bars_and_counts_it() -> None:
    outcome = walked(some_plan(cross_checks=CHECKS))
    assert outcome.across is not None
    assert outcome.across.combinations == 6
    assert outcome.across.validated.returns.shape == (3, 299)
    assert outcome.counted.trials == 24 + 6
    assert outcome.evidence.overfitting == outcome.across.overfitting.probability
    assert walked().evidence.overfitting is None


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        (
            {"cross_checks": {"blocks": 20, "groups": 12}, "end": "2000-02-08"},
            "blocks",
            "at most 18",
        ),
        (
            {"cross_checks": {"groups": 2, "embargo": 300, "blocks": 2, "test_groups": 1}},
            "groups",
            "keeps bars to train on",
        ),
        (
            {"cross_checks": {"groups": 400, "test_groups": 1, "blocks": 2}},
            "groups",
            "at most 299 on 300 bars",
        ),
    ],
)
def test_cuts_that_the_bars_are_too_few_for_are_refused_before_anything_runs(
    changes: dict[str, Any], field: str, told: str
) -> None:
    recorder = some_recorder()
    windows = {"in_sample": 20, "out_of_sample": 10}
    with pytest.raises(Invalid, match=told) as refused:
        run_walk_forward(some_plan(windows=windows, **changes), recorder)
    assert refused.value.field == f"cross_checks.{field}"
    assert not recorder.ledger.history(ACME).batches


def test_too_many_combinations_side_by_side_are_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = some_recorder()
    monkeypatch.setattr("algotrendy.backtest.validation.checks.CELLS_LIMIT", 1_000)
    with pytest.raises(Invalid, match="at most 3 are tried on 300 bars") as refused:
        run_walk_forward(some_plan(cross_checks=CHECKS), recorder)
    assert refused.value.field == "max_runs"
    assert not recorder.ledger.history(ACME).batches


def test_the_gate_hears_what_the_walk_showed() -> None:
    outcome = walked(gate=Gate(trades=10_000))
    shown = outcome.evidence
    assert shown.observations == len(outcome.returns) == 195
    assert shown.walk_forward_efficiency == outcome.walked.efficiency
    assert shown.out_of_sample_sharpe == outcome.statistics.ratios.sharpe
    assert shown.harsh_return is not None
    assert shown.harsh_return < outcome.statistics.growth.total_return
    assert not outcome.verdict.passed
    assert "number of trades must be at least 10,000" in str(outcome.verdict)
    assert "24 trials on AAA 1Day" in str(outcome.verdict)


def test_the_outcome_names_its_windows_by_their_days() -> None:
    rows = walked().to_json()["windows"]
    assert rows[0]["in_sample_days"] == ["2000-01-01", "2000-04-09"]
    assert rows[0]["out_of_sample_days"] == ["2000-04-15", "2000-06-03"]
    assert rows[-1]["out_of_sample_bars"] == [255, 300]


def test_two_symbols_for_a_strategy_of_one_are_refused() -> None:
    bars = MemoryBars(walk("AAA", 300, seed=3), walk("BBB", 300, seed=4))
    with pytest.raises(Invalid, match="one symbol, because sma_cross trades one"):
        some_plan(bars, symbols=["AAA", "BBB"])


@pytest.fixture(scope="module")
def apple() -> WalkForwardOutcome:
    bars = MemoryBars(*(found.bars for found in read_samples("bokeh")))
    plan = some_plan(
        bars,
        symbols=["AAPL"],
        end="2013-12-31",
        parameters={"fast": [10, 20, 40], "slow": [60, 120, 200]},
        windows={"in_sample": "3y", "out_of_sample": "1y", "embargo": "1w"},
        cross_checks=CrossChecks(blocks=8, groups=6),
    )
    return walked(plan)


def test_on_a_decade_of_apple_the_figures_are_plausible(apple: WalkForwardOutcome) -> None:
    years = (apple.time[-1] - apple.time[0]) / (365.25 * 86_400e9)
    assert len(apple.walked.steps) == 10
    assert 9.5 < years < 10.5
    assert apple.counted.trials == 10 * 9 + 9
    # Apple rose thirtyfold from 2003 on; half in, half out of it no rule beats that.
    closes = apple.plan.dataset.assets[0].base.close[apple.walked.bars]
    held = float(closes[-1] / closes[0])
    assert 1.0 < float(apple.wealth[-1]) < held
    assert apple.statistics.ratios.sharpe is not None
    assert 0.3 < apple.statistics.ratios.sharpe < 1.8
    assert apple.walked.efficiency is not None
    assert 0.2 < apple.walked.efficiency < 2.0
    assert apple.walked.scores is not None
    # The best of nine looks better where it was chosen.
    assert apple.walked.scores[0] > apple.walked.scores[1]


def test_on_apple_no_return_is_made_of_more_than_its_price(apple: WalkForwardOutcome) -> None:
    bars = apple.plan.dataset.assets[0].base
    highest = np.maximum(bars.high[1:], bars.high[:-1])
    most = highest / np.minimum(bars.low[1:], bars.low[:-1]) - 1.0
    assert (np.abs(apple.returns) <= most[apple.walked.bars - 1] + 0.01).all()


def test_on_apple_the_gate_says_what_is_missing(apple: WalkForwardOutcome) -> None:
    assert not apple.verdict.passed
    assert "99 trials on AAPL 1Day" in str(apple.verdict)
    assert {check.name for check in apple.verdict.missed} >= {"deflated_sharpe", "max_drawdown"}
