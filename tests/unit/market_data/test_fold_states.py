"""A saved state is believed where the lake has come as far, and is never needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from algotrendy.market_data.adapters.saved_folds import FoldStates
from algotrendy.market_data.streaming import states
from algotrendy.market_data.streaming.accepting import Accepted, Seen, Standing, Verdict
from algotrendy.market_data.streaming.bars import told
from algotrendy.market_data.streaming.states import Folds
from algotrendy.market_data.streaming.stores import BarMark, Key, Moved
from algotrendy.platform.blobs import FolderBlobs
from algotrendy.platform.cache import NoCache
from fakes.tick_lake import MemoryFolds, MemoryLake
from fakes.tick_records import trades

KEY = Key("AAPL", "tick:amount=4")


@pytest.fixture
def lake() -> MemoryLake:
    lake = MemoryLake()
    add(lake, 0, 30)
    return lake


def add(lake: MemoryLake, first: int, count: int) -> None:
    told_of = trades("AAPL", first, count)
    standing = Standing("AAPL", first + count)
    rows = [Accepted(at, Seen(item, "paper")) for at, item in enumerate(told_of, start=first + 1)]
    before = (first, 0) if first else None
    lake.add([Moved(before, 0, 0, standing, Verdict(accepted=rows))])


class KeptCache(NoCache):
    """Keeps everything."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        self.values[key] = value


class Unread(FolderBlobs):
    """Is not to be read."""

    def get(self, key: str) -> bytes:
        raise AssertionError(f"{key} was read")


def bars(lake: MemoryLake, saved: Any, count: int) -> list[Any]:
    """Bring a fold in a new process to the lake's trades."""
    _, closed = Folds(lake, saved).bring(KEY, Standing("AAPL", count))
    return [(item.number, item.ticks_before, told(item.bar)) for item in closed]


def test_a_long_fold_saves_its_state_on_the_way_and_goes_on_from_it(
    lake: MemoryLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "PIECE", 8)
    whole = bars(lake, MemoryFolds(), 30)
    assert len(whole) == 7
    saved = MemoryFolds()
    kept, closed = Folds(lake, saved).bring(KEY, Standing("AAPL", 30))
    # The bars are not stored: a state that has them is not saved before they are.
    assert saved.states == {}
    lake.marks[KEY] = BarMark(30, kept.fold.bars)
    lake.chart[KEY] = closed
    Folds(lake, saved).bring(KEY, Standing("AAPL", 30))
    assert next(iter(saved.get(KEY)))["trades"] == 24


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"trades": 31},
        {"bars": 8},
        {"symbol": "MSFT"},
        {"builder": {"style": "tick:amount=4", "time": 0, "state": {}}},
        {"builder": None},
    ],
)
def test_a_state_that_is_not_of_this_lake_is_left_alone(
    lake: MemoryLake, change: dict[str, Any]
) -> None:
    expected = bars(lake, MemoryFolds(), 30)
    saved = MemoryFolds()
    folds = Folds(lake, saved)
    folds.save(folds.bring(KEY, Standing("AAPL", 30))[0])
    (state,) = saved.get(KEY)
    saved.put(KEY, {**state, **change})
    assert bars(lake, saved, 30) == expected


def test_states_lie_beside_the_lake_after_many_trades_and_are_found_there(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    saved = FoldStates(NoCache(), blobs, every=10)
    assert list(saved.get(KEY)) == []
    for count in (9, 10, 19, 20):
        saved.put(KEY, {"trades": count})
    assert list(FoldStates(NoCache(), blobs, every=10).get(KEY)) == [{"trades": 20}]
    assert len(blobs.list("streaming/folds/")) == 1
    assert list(FoldStates(NoCache(), blobs).get(Key("AAPL", "tick:amount=5"))) == []


def test_who_finds_a_state_in_the_cache_reads_no_object_and_still_saves_after_many_trades(
    tmp_path: Path,
) -> None:
    cache, blobs = KeptCache(), FolderBlobs(tmp_path)
    first = FoldStates(cache, blobs, every=10)
    for count in (12, 15):
        first.put(KEY, {"trades": count})
    second = FoldStates(cache, Unread(tmp_path), every=10)
    found = iter(second.get(KEY))
    assert next(found) == {"trades": 15}
    with pytest.raises(AssertionError, match="read"):
        next(found)
    # The cache's may be of no use: then the object is asked for.
    assert list(FoldStates(cache, blobs, every=10).get(KEY)) == [{"trades": 15}, {"trades": 12}]
    for count in (21, 22):
        second.put(KEY, {"trades": count})
    assert list(FoldStates(NoCache(), blobs, every=10).get(KEY)) == [{"trades": 22}]


def test_a_state_that_is_no_json_is_none(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    FoldStates(NoCache(), blobs, every=0).put(KEY, {"trades": 1})
    (blob,) = blobs.list()
    for data in (b"{", b"[]", b"\xff"):
        blobs.put(blob.key, data)
        assert list(FoldStates(NoCache(), blobs).get(KEY)) == []
