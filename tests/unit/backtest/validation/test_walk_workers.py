"""Windows side by side in workers: the same as alone, resumed, and named when they never end."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from algotrendy.backtest.validation.kept_steps import WindowFailed
from algotrendy.backtest.validation.walk_workers import run_side_by_side
from algotrendy.kernel.errors import Invalid
from fakes.endless_strategy import ENDLESS, RAISING, in_the_library
from fakes.endless_walk import open_walk, some_walk
from fakes.engine_walks import some_plan, some_recorder
from fakes.some_trials import ACME


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_library(monkeypatch)


def test_workers_come_to_the_same_and_do_no_window_twice(tmp_path: Path) -> None:
    beside, alone = (some_walk(str(tmp_path / name), (1, 2)) for name in ("beside", "alone"))
    beside.window(2)
    told: list[tuple[int, int]] = []
    found = run_side_by_side(
        beside,
        partial(open_walk, str(tmp_path / "beside"), (1, 2)),
        workers=2,
        progress=lambda *done: told.append(done),
    )
    assert found.to_text() == alone.run().to_text()
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    # The workers' own memory forgets what they counted; it is counted here again.
    tried = beside.recorder.ledger.history(ACME).batches
    assert sum(tally.trials for batch in tried for tally in batch.tallies) == 8


def test_a_window_that_never_ends_is_ended_and_named_with_its_combination(tmp_path: Path) -> None:
    numbers = (1, 2, ENDLESS)
    told = (
        r"window 1 of 4 failed 2 times in sometimes_endless on AAA with number=3: .* after 2\.5 s"
    )
    with pytest.raises(WindowFailed, match=told) as failed:
        run_side_by_side(
            some_walk(str(tmp_path), numbers),
            partial(open_walk, str(tmp_path), numbers),
            workers=1,
            limit_s=2.5,
        )
    assert failed.value.fields()["parameters"] == "number=3"


def test_a_strategy_that_raises_in_a_worker_is_named_too(tmp_path: Path) -> None:
    numbers = (1, RAISING)
    told = r"window \d of 4 failed: sometimes_endless on AAA with number=4 raised ZeroDivisionError"
    with pytest.raises(WindowFailed, match=told):
        run_side_by_side(
            some_walk(str(tmp_path), numbers), partial(open_walk, str(tmp_path), numbers), workers=1
        )


def test_workers_need_a_place_to_hand_their_windows_over() -> None:
    from algotrendy.backtest.validation.running import Walk

    walk = Walk(some_plan(), some_recorder())
    with pytest.raises(Invalid, match="hand their windows over"):
        run_side_by_side(walk, partial(open_walk, "", ()), workers=1)


def test_a_combination_has_the_number_that_gives_it() -> None:
    space = some_plan().space
    assert [space.number(each) for each in space.every()] == list(range(space.size))
