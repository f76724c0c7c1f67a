from __future__ import annotations

import json
from collections.abc import Sequence
from math import fsum

import numpy as np
import pytest

from algotrendy.backtest.search.methods import MethodName
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation.ports import Scored
from algotrendy.backtest.validation.walk_forward import Unseen
from algotrendy.backtest.validation.walked import Step, Walked
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import Invalid
from fakes.walk_world import BEST, SPACE, WINDOWS, Counted, Kept, Killed, Market, some_walk


def test_each_window_chooses_its_best_in_sample_and_only_that_is_seen_after_it() -> None:
    market = Market()
    walked = some_walk(market).run()
    expected = [(number, (fast, 100, 0)) for number, fast in BEST.items()]
    assert market.seen == expected
    assert [
        (step.window.number, step.choice.combination) for step in walked.steps if step.choice
    ] == expected


def test_returns_out_of_sample_are_stitched_with_their_bars() -> None:
    walked = some_walk(Market()).run()
    assert walked.bars.tolist() == list(range(30, 70))
    assert walked.returns.tolist() == [0.005] * 30 + [-0.005] * 10


def test_every_combination_tried_is_counted_before_any_is_seen_out_of_sample() -> None:
    market, counted = Market(), Counted()
    seen_when_counted: list[int] = []

    class Watching(Counted):
        def record(self, trials: object) -> None:
            seen_when_counted.append(len(market.seen))

    some_walk(market, trials=Watching()).run()
    assert seen_when_counted == [0, 1, 2, 3]
    walked = some_walk(Market(), trials=counted).run()
    assert [trials.count for trials in counted.windows] == [18, 18, 18, 18]
    assert walked.trials == 72
    first = counted.windows[0]
    ratios = [
        Market().scored(WINDOWS[0], combination).sharpe or 0.0 for combination in SPACE.every()
    ]
    assert first.best == max(ratios)
    assert first.sharpe.mean == pytest.approx(fsum(ratios) / 18, abs=1e-15)
    assert first.sharpe.variance == pytest.approx(np.var(ratios, ddof=1), abs=1e-15)


def test_a_trial_without_a_sharpe_ratio_is_counted_all_the_same() -> None:
    class Still(Market):
        def scored(self, window: Window, combination: Combination) -> Scored:
            found = super().scored(window, combination)
            return found if combination[0] == 20 else Scored(None, 0.0, None)

    counted = Counted()
    walked = some_walk(Still(), trials=counted).run()
    assert [(each.count, each.sharpe.count) for each in counted.windows] == [(18, 3)] * 4
    assert all(step.choice and step.choice.combination[0] == 20 for step in walked.steps)


def test_a_window_in_which_nothing_has_a_score_stays_out_of_the_market() -> None:
    class Silent(Market):
        def scored(self, window: Window, combination: Combination) -> Scored:
            if window.number == 2:
                return Scored(None, 0.0, None)
            return super().scored(window, combination)

    market = Silent()
    walked = some_walk(market).run()
    assert walked.steps[1].choice is None
    assert not walked.steps[1].returns.any()
    assert len(walked.returns) == 40
    assert [number for number, _ in market.seen] == [1, 3, 4]
    assert walked.stability[0].values == (20, 30, 60)


def test_efficiency_is_the_mean_return_of_a_bar_out_of_sample_over_in_sample() -> None:
    walked = some_walk(Market()).run()
    # 1 is each window's best score, a hundredth of it the mean return of its bars.
    assert walked.efficiency == pytest.approx((30 * 0.005 - 10 * 0.005) / (40 * 0.01))


def test_without_a_gain_in_sample_there_is_no_efficiency() -> None:
    class Losing(Market):
        def scored(self, window: Window, combination: Combination) -> Scored:
            return Scored(super().scored(window, combination).score, -0.01, None)

    assert some_walk(Losing()).run().efficiency is None


def test_scores_in_and_out_of_sample_stand_beside_each_other() -> None:
    walked = some_walk(Market()).run()
    assert walked.scores == pytest.approx((1.0, 0.25))
    assert walked.gained == 0.75


def test_stability_says_how_far_a_parameter_moved_over_its_range() -> None:
    fast, slow = some_walk(Market()).run().stability
    assert (fast.name, fast.values) == ("fast", (20, 30, 30, 60))
    assert fast.stability == pytest.approx(1 - (1 + 0 + 3) / 3 / 5)
    assert (slow.values, slow.stability) == ((100, 100, 100, 100), 1.0)
    single = some_walk(Market(), windows=WINDOWS[:1]).run()
    assert single.stability[0].stability is None


def test_a_robust_choice_looks_at_the_neighbours() -> None:
    class Peaked(Market):
        def scored(self, window: Window, combination: Combination) -> Scored:
            plateau = 3.0 if combination[0] < 40 else -9.0
            return Scored(6.0 if combination == (60, 200, 0) else plateau, 0.01, 0.1)

    best = some_walk(Peaked()).run().steps[0].choice
    robust = some_walk(Peaked(), selection="neighbours").run().steps[0].choice
    assert best is not None
    assert robust is not None
    assert best.combination == (60, 200, 0)
    assert (robust.combination, robust.selection, robust.area) == ((10, 100, 0), "neighbours", 3.0)


@pytest.mark.parametrize("method", ["grid", "random", "bayesian", "genetic"])
@pytest.mark.parametrize("killed_after", [0, 1, 5])
def test_a_killed_walk_goes_on_without_running_anything_again(
    method: MethodName, killed_after: int
) -> None:
    whole = Market()
    expected = some_walk(whole, method, budget=12).run()
    first, second, kept = Market(killed_after), Market(), Kept()
    with pytest.raises(Killed):
        some_walk(first, method, budget=12, record=kept).run()
    walked = some_walk(second, method, budget=12, record=kept).run()
    assert first.ran + second.ran == whole.ran
    assert walked.to_json() == expected.to_json()
    np.testing.assert_array_equal(walked.returns, expected.returns)


def test_progress_is_told_after_each_batch_and_may_end_the_walk() -> None:
    told: list[tuple[int, int]] = []

    def progress(window: Window, tried: int) -> None:
        told.append((window.number, tried))
        if window.number == 2:
            raise Killed

    with pytest.raises(Killed):
        some_walk(Market(), progress=progress).run()
    assert told == [(1, 5), (1, 10), (1, 15), (1, 18), (2, 5)]


def test_a_walk_is_json() -> None:
    found = json.loads(json.dumps(some_walk(Market()).run().to_json()))
    assert found["windows"][0]["parameters"] == {"fast": 20, "slow": 100, "units": 0}
    assert found["windows"][0]["out_of_sample_bars"] == [30, 40]
    assert (found["trials"], found["gained"]) == (72, 0.75)


def test_windows_done_apart_and_sent_as_json_make_the_same_walk() -> None:
    class Silent(Market):
        def scored(self, window: Window, combination: Combination) -> Scored:
            found = super().scored(window, combination)
            return Scored(None, 0.0, None) if window.number == 2 else found

    walk = some_walk(Silent(), selection="neighbours")
    expected = walk.run()
    sent = {window.number: json.dumps(walk.step(window).to_json()) for window in WINDOWS[::-1]}
    steps = tuple(Step.from_json(json.loads(sent[window.number])) for window in WINDOWS)
    walked = Walked(SPACE, steps)
    assert walked.to_json() == expected.to_json()
    assert walked.returns.tobytes() == expected.returns.tobytes()
    assert [step.trials for step in steps] == [step.trials for step in expected.steps]


def test_returns_that_do_not_fit_their_window_are_refused() -> None:
    def short(window: Window, combination: Combination) -> Unseen:
        return Unseen(np.zeros(9), None)

    def holed(window: Window, combination: Combination) -> Unseen:
        return Unseen(np.array([0.0, np.nan] + [0.0] * 8), None)

    with pytest.raises(Invalid, match="one for each of the 10 bars out of sample of window 1"):
        some_walk(Market(), out_of_sample=short).run()
    with pytest.raises(Invalid, match=r"returns\[1\] must be finite"):
        some_walk(Market(), out_of_sample=holed).run()


def test_a_result_that_is_missing_is_an_error() -> None:
    def forgetful(window: Window, combinations: Sequence[Combination]) -> list[Scored]:
        return Market().evaluate(window, combinations)[1:]

    with pytest.raises(ValueError, match="shorter"):
        some_walk(Market(), evaluate=forgetful).run()


def test_a_walk_without_windows_is_refused() -> None:
    with pytest.raises(Invalid, match="windows must be at least one, was 0"):
        some_walk(Market(), windows=()).run()
