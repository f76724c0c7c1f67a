"""What is refused, why, and what a suspect becomes."""

from __future__ import annotations

import math

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.streaming import accepting
from algotrendy.market_data.streaming.accepting import Standing, Verdict, accept, unsure
from algotrendy.market_data.streaming.messages import Fix, Record, Trade
from algotrendy.market_data.streaming.screening import Limits, Reason
from fakes.tick_records import NOON, SECOND


def trade(at: float, price: float = 100.0, name: str | None = None, size: float = 1.0) -> Trade:
    time = NOON + round(at * SECOND)
    return Trade("AAPL", time, price, size, "V", f"{at}" if name is None else name, time)


class Desk:
    """A symbol that takes records."""

    def __init__(self) -> None:
        self.standing = Standing("AAPL")
        self.verdict = Verdict()

    def take(self, *trades: Trade, fixes: tuple[Fix, ...] = (), clock: int = 0) -> None:
        record = Record("paper", "run", 0, "AAPL", trades, fixes, clock)
        accept(self.standing, record, NOON + 100 * SECOND, Limits(), self.verdict)

    @property
    def prices(self) -> list[float]:
        return [item.seen.trade.price for item in self.verdict.accepted]

    @property
    def reasons(self) -> list[Reason]:
        return [item.reason for item in self.verdict.quarantined.values()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (trade(0, math.nan), Reason.PRICE),
        (trade(0, math.inf), Reason.PRICE),
        (trade(0, 0.0), Reason.PRICE),
        (trade(0, -1.0), Reason.PRICE),
        (trade(0, size=0.0), Reason.SIZE),
        (trade(0, size=math.nan), Reason.SIZE),
        (trade(0)._replace(time=0), Reason.NO_TIME),
        (trade(0, name="bad")._replace(received=NOON - 11 * SECOND), Reason.FUTURE),
    ],
)
def test_a_bad_trade_is_quarantined_with_its_reason_and_counted_once(
    desk: Desk, bad: Trade, reason: Reason
) -> None:
    desk.take(bad, trade(0), bad._replace(received=bad.received + 1 - SECOND))
    assert desk.reasons == [reason]
    assert desk.prices == [100.0]
    assert desk.verdict.repeated == 1


def test_two_clocks_may_be_ten_seconds_apart(desk: Desk) -> None:
    desk.take(trade(0)._replace(received=NOON - 10 * SECOND))
    assert desk.prices == [100.0]


def test_time_going_back_is_quarantined_unless_the_trade_is_known(desk: Desk) -> None:
    desk.take(trade(0), trade(2), trade(2, 101.0, "x"), trade(1), trade(0))
    assert desk.prices == [100.0, 100.0, 101.0]
    assert desk.reasons == [Reason.GOING_BACK]
    assert desk.verdict.repeated == 1


def test_a_jump_that_nobody_confirms_stays_in_quarantine(desk: Desk) -> None:
    desk.take(trade(0), trade(1, 151.0), trade(2, 101.0))
    assert desk.prices == [100.0, 101.0]
    assert desk.reasons == [Reason.JUMP]


@pytest.mark.parametrize("price", [160.0, 10.0])
def test_a_jump_that_the_next_trade_confirms_is_stored_with_it(desk: Desk, price: float) -> None:
    desk.take(trade(0), trade(1, price))
    assert desk.reasons == [Reason.JUMP]
    desk.take(trade(2, price * 1.01))
    assert desk.prices == [100.0, price, price * 1.01]
    assert desk.reasons == []


def test_of_two_suspects_the_later_one_is_asked_about(desk: Desk) -> None:
    desk.take(trade(0), trade(1, 1000.0), trade(2, 10.0), trade(3, 10.1))
    assert desk.prices == [100.0, 10.0, 10.1]
    assert desk.reasons == [Reason.JUMP]


def test_a_trade_before_the_suspect_does_not_confirm_it(desk: Desk) -> None:
    desk.take(trade(0), trade(5, 300.0), trade(4, 301.0), trade(6, 100.0))
    assert desk.prices == [100.0, 100.0]
    assert desk.reasons == [Reason.JUMP, Reason.JUMP]


def test_a_refuted_suspect_that_comes_again_is_no_suspect_any_more(desk: Desk) -> None:
    jump = trade(1, 300.0)
    desk.take(trade(0), jump, trade(1, 100.0, "same time"), jump, trade(2, 301.0))
    assert desk.prices == [100.0, 100.0]
    assert desk.verdict.repeated == 1


def test_a_clock_shuts_out_what_comes_later_of_before(desk: Desk) -> None:
    desk.take(trade(0), clock=NOON + 9 * SECOND)
    desk.take(trade(8), trade(9))
    assert desk.prices == [100.0, 100.0]
    assert desk.reasons == [Reason.GOING_BACK]


@pytest.mark.parametrize("clock", [NOON - SECOND, NOON, NOON + 111 * SECOND])
def test_a_clock_of_before_or_from_a_far_future_says_nothing(desk: Desk, clock: int) -> None:
    desk.take(trade(0), clock=clock)
    assert desk.standing.clock == 0


def test_twins_without_an_id_are_told_apart_within_their_record(desk: Desk) -> None:
    twin = trade(0, name="")
    desk.take(twin, twin)
    desk.take(twin, twin, twin)
    assert desk.standing.trades == 3
    assert desk.verdict.repeated == 2


def test_a_correction_under_a_new_id_is_no_new_trade(desk: Desk) -> None:
    fix = Fix("AAPL", "V", "0", NOON, "correct", 99.0, 1.0, NOON, "new")
    bad = fix._replace(price=math.nan, id="other")
    desk.take(trade(0, name="0"), fixes=(fix, fix, bad))
    desk.take(trade(0, 99.0, "new"))
    assert (len(desk.verdict.fixes), desk.standing.trades) == (1, 1)
    assert desk.reasons == [Reason.FIX]


def test_a_correction_of_after_midnight_knows_its_trade_of_before(desk: Desk) -> None:
    next_day = NOON + 12 * 3_600 * SECOND
    last = trade(0, name="0")
    fix = Fix("AAPL", "V", "0", next_day, "correct", 99.0, 1.0, next_day, "new")
    desk.take(last, fixes=(fix,))
    # History tells it at its own time, which is that of the newest trade: not going back.
    desk.take(last._replace(price=99.0, id="new"))
    assert (desk.prices, desk.verdict.repeated, desk.reasons) == ([100.0], 1, [])


def test_what_is_remembered_is_bounded_and_the_lake_is_asked_for_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "_MOST_KNOWN", 6)
    monkeypatch.setattr(accepting, "_KEPT_KNOWN", 3)
    desk.take(*(trade(at) for at in range(7)))
    assert len(desk.standing.known) == 3
    record = Record("paper", "run", 1, "AAPL", (trade(2), trade(3), trade(5)))
    assert unsure(desk.standing, record, Limits()) == {
        "2023-11-15": (NOON + 2 * SECOND, NOON + 3 * SECOND)
    }


@pytest.mark.parametrize(
    ("limits", "field"),
    [({"jump": 1.0}, "jump"), ({"jump": math.nan}, "jump"), ({"ahead_ns": -1}, "ahead_ns")],
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, float], field: str) -> None:
    with pytest.raises(Invalid, match=f"limits.{field}"):
        Limits(**limits)  # type: ignore[arg-type]
