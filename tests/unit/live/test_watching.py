"""A feed that dies is seen, told once, and forgotten when it is back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from algotrendy.live.registry_ports import LiveSwitches
from algotrendy.live.runs import Run, Wanted
from algotrendy.live.standing import RunSwitches
from algotrendy.live.versions import Content
from algotrendy.live.watching import Watcher
from fakes.live_bench import LaidBars, LiveBench, close_of, moment
from fakes.live_runs import a_run, run_id
from fakes.order_counter import NOON

MINUTE = timedelta(minutes=1)


class EveryMinute(LaidBars):
    """Closes a bar each minute."""

    def next_close(self, content: Content, after: datetime) -> datetime | None:
        return after.replace(second=0, microsecond=0) + MINUTE


class NoEnds:
    def __init__(self) -> None:
        self.asked: list[object] = []

    def close_down(self, run: object) -> Run:
        self.asked.append(run)
        return a_run()


def watched(**run: Any) -> tuple[LiveBench, Watcher, NoEnds]:
    bench = LiveBench(**run)
    ends = NoEnds()
    bars = EveryMinute()
    return bench, Watcher(bench.live, bars, ends, bench.counter.clock), ends


def told(bench: LiveBench) -> list[str]:
    events = [each for each in bench.counter.ledger.published if each.name == "StrategyRunChanged"]
    return [each.model_dump()["state"] for each in events]


def test_a_bar_that_stays_away_makes_late_then_stale_and_is_told_once_each() -> None:
    bench, watcher, _ = watched(patience_s=30, trouble=None)
    bench.counter.clock.advance(timedelta(seconds=80))
    assert watcher.look().missed == ()
    bench.counter.clock.advance(timedelta(seconds=11))
    assert watcher.look().missed == (run_id(),)
    assert bench.run().state == "late"
    assert bench.run().reason == f"no bar of {(NOON + MINUTE).isoformat()} within 30 s"
    watcher.look()
    bench.counter.clock.advance(MINUTE)
    watcher.look()
    assert bench.run().state == "stale"
    watcher.look()
    assert told(bench) == ["late", "stale"]


def test_a_run_whose_bars_are_back_runs_again() -> None:
    bench, watcher, _ = watched(patience_s=30, trouble=None)
    bench.counter.clock.advance(timedelta(hours=1))
    watcher.look()
    run = replace(bench.run(), patience_s=10**9)
    bench.live.run(lambda _, live: live.put_run(run))
    bench.bars.lay(0)
    bench.advance()
    assert told(bench) == ["stale", "running"]


@pytest.mark.parametrize(
    "run", [{"patience_s": None}, {"patience_s": 30, "wanted": Wanted.STOPPED}]
)
def test_nobody_watches_a_replay_or_what_is_over(run: dict[str, object]) -> None:
    bench, watcher, _ = watched(**run)
    bench.counter.clock.advance(timedelta(hours=1))
    assert watcher.look().missed == ()


@pytest.mark.parametrize("wanted", [Wanted.STOPPING, Wanted.FLATTENING])
def test_a_run_that_is_to_end_is_led_on(wanted: Wanted) -> None:
    _, watcher, ends = watched(wanted=wanted)
    assert watcher.look().ending == (run_id(),)
    assert ends.asked == [run_id()]


@pytest.mark.parametrize(
    ("stage", "switches", "is_live", "word"),
    [
        ("paper", LiveSwitches(stage=False, flag=False), False, None),
        ("paper", LiveSwitches(stage=True, flag=True), True, "costs money"),
        ("live", LiveSwitches(stage=False, flag=True), True, "stage is off"),
        ("live", LiveSwitches(stage=True, flag=False), True, "live_trading"),
        ("live", LiveSwitches(stage=True, flag=None), True, "live_trading"),
        ("live", LiveSwitches(stage=True, flag=True), True, None),
    ],
)
def test_a_run_of_stage_live_needs_both_switches_and_one_on_paper_a_paper_account(
    stage: str, switches: LiveSwitches, is_live: bool, word: str | None
) -> None:
    found = RunSwitches(lambda: switches, lambda _: is_live).refusal(a_run(stage=stage))
    assert (found is None) if word is None else (found is not None and word in found)


def test_the_moment_of_a_bar_is_its_close() -> None:
    assert moment(close_of(0)) < NOON
