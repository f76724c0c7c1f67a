"""What the consumer of ticks asks of a lake: the same of the one in memory and the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from algotrendy.kernel.errors import Conflict
from algotrendy.market_data.adapters.lake_stream import QUARANTINE, StreamLake
from algotrendy.market_data.charts.records import ChartBar
from algotrendy.market_data.streaming.accepting import Standing, Verdict, accept
from algotrendy.market_data.streaming.bars import Closed, told
from algotrendy.market_data.streaming.messages import Fix, Hole, Record, Trade
from algotrendy.market_data.streaming.screening import Limits, Reason
from algotrendy.market_data.streaming.stores import BarMark, Key, Moved, NewBars, TickLake
from algotrendy.platform.lake import lake_at
from fakes.tick_lake import MemoryLake

SECOND = 1_000_000_000
NOON = 1_700_049_600 * SECOND
DAY = "2023-11-15"
KEY = Key("BTC/USD", "renko:size=1,wicks=no")


@pytest.fixture(params=["memory", "lake"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> TickLake:
    return MemoryLake() if request.param == "memory" else StreamLake(lake_at(tmp_path.as_uri()))


def trade(at: int, price: float = 100.0, name: str = "") -> Trade:
    time = NOON + at * SECOND
    return Trade("BTC/USD", time, price, 1.0, "V", name, time + 1)


def take(
    lake: TickLake, *trades: Trade, fixes: tuple[Fix, ...] = (), clock: int = 0
) -> tuple[Moved, Standing]:
    """Take a record from where the lake stands; gives what moved and where it stands then."""
    standing = lake.standings(["BTC/USD"])["BTC/USD"]
    before = None if standing.is_new else (standing.trades, standing.clock)
    moved = Moved(before, standing.refusals, standing.fixes, standing, Verdict())
    record = Record("paper", "run", 0, "BTC/USD", trades, fixes, clock)
    accept(standing, record, NOON + 10**12, Limits(), moved.verdict)
    lake.quarantine([moved])
    lake.add([moved])
    lake.fix([moved])
    return moved, lake.standings(["BTC/USD"])["BTC/USD"]


def test_an_empty_lake_knows_nothing(lake: TickLake) -> None:
    assert lake.standings(["AAPL"])["AAPL"] == Standing("AAPL")
    assert lake.known("AAPL", {DAY: (0, 2 * NOON)}) == set()
    assert list(lake.trades("AAPL", 0, 10)) == []
    assert (lake.bar_marks([KEY])[KEY], lake.bars(KEY, 0, 10)) == (None, [])


def test_what_is_stored_is_where_the_next_one_stands(lake: TickLake) -> None:
    _, standing = take(lake, trade(0, 100.0, "a"), trade(1, 101.0), trade(1, 101.0), clock=NOON)
    assert (standing.trades, standing.price, standing.is_new) == (3, 101.0, False)
    assert standing.time == NOON + SECOND
    assert [row.place for row in lake.trades("BTC/USD", 1, 3)] == [2, 3]
    content = (NOON + SECOND, 101.0, 1.0)
    known = lake.known("BTC/USD", {DAY: (NOON, NOON + SECOND)})
    assert known == {(DAY, "V", "a"), (*content, 1), (*content, 2)}
    assert lake.known("BTC/USD", {DAY: (NOON, NOON)}) == {(DAY, "V", "a")}
    assert lake.known("AAPL", {DAY: (0, 2 * NOON)}) == set()


def test_a_clock_moves_without_trades(lake: TickLake) -> None:
    _, standing = take(lake, clock=NOON + 5 * SECOND)
    assert (standing.trades, standing.is_new, standing.clock) == (0, False, NOON + 5 * SECOND)
    _, standing = take(lake, trade(9, name="a"))
    assert (standing.trades, standing.clock) == (1, NOON + 5 * SECOND)


def test_a_suspect_and_what_was_refused_beside_it_are_read_back(lake: TickLake) -> None:
    moved, standing = take(lake, trade(0), trade(1, 900.0, "x"), trade(2, 300.0, "y"))
    assert standing.suspect == moved.standing.suspect
    assert standing.suspect is not None
    assert standing.refused == moved.standing.refused
    assert (standing.refusals, len(standing.refused)) == (2, 2)
    _, standing = take(lake, trade(3, 100.5, "z"))
    assert (standing.suspect, standing.refused) == (None, {})


def test_a_suspect_that_a_clock_passed_is_none_and_neither_is_the_one_before_it(
    lake: TickLake,
) -> None:
    moved, standing = take(
        lake,
        trade(0, name="a"),
        trade(4, 202.5, "b"),
        trade(2, 200.0, "c"),
        clock=NOON + 3 * SECOND,
    )
    assert (moved.standing.suspect, standing.suspect) == (None, None)
    assert standing.refused == moved.standing.refused
    assert len(standing.refused) == 1


def test_bad_numbers_are_quarantined_as_they_came(lake: TickLake) -> None:
    bad = [trade(0, float("nan")), trade(0, -1.0), trade(0, float("inf"), "7")]
    _, standing = take(lake, *bad)
    assert (standing.refusals, standing.trades) == (3, 0)
    _, standing = take(lake, *bad)
    assert standing.refusals == 3
    if isinstance(lake, MemoryLake):
        reasons = {row.reason for row in lake.refused["BTC/USD"]}
    else:
        assert isinstance(lake, StreamLake)
        found = lake._lake.query(QUARANTINE, "SELECT reason, price FROM quarantined_ticks")
        assert sorted(found["price"]) == ["-1.0", "inf", "nan"]
        reasons = {Reason(reason) for reason in found["reason"]}
    assert reasons == {Reason.PRICE}


def test_a_fix_is_stored_once_and_its_new_id_is_known(lake: TickLake) -> None:
    fix = Fix("BTC/USD", "V", "a", NOON, "correct", 99.0, 2.0, NOON, "b")
    take(lake, trade(0, name="a"), fixes=(fix,))
    _, standing = take(lake, fixes=(fix._replace(received=NOON + 7),))
    assert standing.fixes == 1
    assert lake.known("BTC/USD", {DAY: (NOON, NOON)}) == {(DAY, "V", "a"), (DAY, "V", "b")}


def test_a_fix_of_after_midnight_makes_its_new_id_known_on_the_day_before(lake: TickLake) -> None:
    after = NOON + 12 * 3_600 * SECOND
    fix = Fix("BTC/USD", "V", "a", after, "correct", 99.0, 2.0, after, "b")
    take(lake, trade(0, name="a"), fixes=(fix,))
    assert lake.known("BTC/USD", {DAY: (NOON, NOON)}) == {(DAY, "V", "a"), (DAY, "V", "b")}


def lacking(lake: TickLake, *holes: Hole) -> list[str]:
    standing = lake.standings(["BTC/USD"])["BTC/USD"]
    moved = Moved(None, standing.refusals, standing.fixes, standing, Verdict())
    record = Record("paper", "run", 0, "BTC/USD", holes=holes)
    accept(standing, record, NOON, Limits(), moved.verdict)
    return [item.hole.what for item in lake.lack([moved])]


def test_a_hole_is_stored_once_and_said_to_be_new_once(lake: TickLake) -> None:
    hole = Hole("BTC/USD", "trades", NOON, NOON + 5, "no plan")
    assert lacking(lake) == []
    assert lacking(lake, hole) == ["trades"]
    assert lacking(lake, hole, hole, hole._replace(what="silence")) == ["silence"]
    assert lake.standings(["BTC/USD"])["BTC/USD"].is_new
    if isinstance(lake, StreamLake):
        found = lake._lake.query("stream_holes", "SELECT * FROM stream_holes ORDER BY number")
        assert found["number"] == [1, 2]
        assert (found["what"], found["feed"]) == (["trades", "silence"], ["paper"] * 2)
        assert (found["first"][0], found["last"][0]) == (NOON, NOON + 5)
        assert lake._lake.mark("stream_holes", "rows:BTC/USD") == 2


def stale(lake: TickLake, *trades: Trade) -> Moved:
    """Judge records without writing anything."""
    standing = lake.standings(["BTC/USD"])["BTC/USD"]
    before = None if standing.is_new else (standing.trades, standing.clock)
    moved = Moved(before, standing.refusals, standing.fixes, standing, Verdict())
    accept(standing, Record("p", "r", 0, "BTC/USD", trades), NOON, Limits(), moved.verdict)
    return moved


def test_who_believes_in_an_older_lake_writes_nothing(lake: TickLake) -> None:
    first = stale(lake, trade(0, name="a"), trade(0, -5.0))
    take(lake, trade(0, name="a"), trade(0, -4.0), clock=NOON)
    with pytest.raises(Conflict):
        lake.add([first])
    with pytest.raises(Conflict):
        lake.quarantine([first])
    behind_a_clock = stale(lake, trade(1, name="b"))
    take(lake, clock=NOON + 9 * SECOND)
    with pytest.raises(Conflict):
        lake.add([behind_a_clock])
    assert lake.standings(["BTC/USD"])["BTC/USD"].trades == 1


def bars(*numbers: int) -> list[Closed]:
    bar = ChartBar(began=NOON, ended=NOON, known=NOON, open=1.5, volume=2.0, ticks=3, direction=-1)
    return [Closed(number, number + 7, bar) for number in numbers]


def test_bars_come_back_as_they_were_and_only_in_their_turn(lake: TickLake) -> None:
    lake.add_bars([NewBars(KEY, None, BarMark(9, 2), bars(1, 2))])
    lake.add_bars([NewBars(KEY, BarMark(9, 2), BarMark(12, 3), bars(3))])
    for before in (None, BarMark(9, 2), BarMark(12, 2), BarMark(9, 3)):
        with pytest.raises(Conflict):
            lake.add_bars([NewBars(KEY, before, BarMark(20, 4), bars(4))])
    assert lake.bar_marks([KEY])[KEY] == BarMark(12, 3)
    found = lake.bars(KEY, 1, 3)
    assert [(item.number, item.ticks_before) for item in found] == [(2, 9), (3, 10)]
    assert told(found[0].bar) == told(bars(2)[0].bar)
    assert lake.bars(Key("BTC/USD", "renko:size=1"), 0, 9) == []
