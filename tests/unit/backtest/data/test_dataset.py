"""What a dataset holds, how it is cut, and what in it must fit."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from algotrendy.backtest.data.actions import Action, action_table, delisting, dividend, split
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.kernel.errors import Invalid
from fakes.bar_columns import at, bars_at, daily, minutes, weekdays

A = Asset("A", daily("2024-01-01", 10))
B = Asset("B", daily("2024-01-04", 3, price=50.0))


def test_a_step_is_a_moment_at_which_some_bar_became_known() -> None:
    odd = Asset("C", bars_at([at("2024-01-02 12:00"), at("2024-01-20")]))
    both = dataset([A, odd])
    assert len(both) == 12
    assert both.symbols == ("A", "C")
    assert both.timeframe == "1Day"
    assert (np.diff(both.timeline) > 0).all()
    assert both.seen(0).tolist() == [1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert both.seen(1).tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]


def test_assets_of_the_same_times_share_the_timeline() -> None:
    other = Asset("D", daily("2024-01-01", 10, price=5.0))
    assert dataset([A, other]).timeline is A.base.known


def test_a_slice_holds_what_was_known_in_its_steps_and_shares_it() -> None:
    both = dataset([A, B])
    cut = both[2:5]
    assert len(cut) == 3
    assert [len(asset.base) for asset in cut.assets] == [3, 2]
    assert cut.assets[0].base.time[0] == at("2024-01-03")
    assert np.shares_memory(cut.assets[0].base.close, A.base.close)
    assert np.shares_memory(cut.timeline, both.timeline)
    assert both[:] is both
    assert [len(asset.base) for asset in both[8:].assets] == [2, 0]
    assert len(both[4:4]) == 0
    assert both[-2:].timeline.tolist() == both.timeline[-2:].tolist()
    with pytest.raises(Invalid, match="a slice of step 1"):
        both[::2]


def test_the_head_holds_nothing_that_was_known_later() -> None:
    both = dataset([A, B])
    for steps in range(1, len(both) + 1):
        head = both.head(steps)
        assert len(head) == steps
        assert max(int(a.base.known[-1]) for a in head.assets if len(a.base)) == head.timeline[-1]


def test_the_bars_between_two_dates_are_those_of_these_days() -> None:
    year = dataset([Asset("A", daily("2019-12-30", 400))]).between("2020-01-01", "2021-01-01")
    assert year.assets[0].base.time[[0, -1]].tolist() == [at("2020-01-01"), at("2020-12-31")]
    rest = dataset([A]).between(first="2024-01-09")
    assert len(rest) == 2
    assert len(dataset([A]).between(last="2024-01-09")) == 8


COARSE = bars_at([at(f"2024-01-0{day}") for day in (1, 2, 3)], DAY_NS, price=500.0)
TWO_FRAMES = Asset("A", minutes("2024-01-01 00:00", 3 * 24, every=60), (COARSE,), ("1Hour", "1Day"))


def test_a_coarser_bar_is_cut_away_with_the_first_of_its_bars() -> None:
    whole = dataset([TWO_FRAMES])
    assert whole.seen(0, 1).tolist() == [0] * 23 + [1] * 24 + [2] * 24 + [3]
    assert len(whole[:47].assets[0].coarser[0]) == 1
    assert len(whole[:48].assets[0].coarser[0]) == 2
    assert whole[24:].assets[0].coarser[0].time.tolist() == COARSE.time[1:].tolist()
    assert whole[25:].assets[0].coarser[0].time.tolist() == COARSE.time[2:].tolist()
    assert len(whole[25:70].assets[0].coarser[0]) == 0


def test_a_coarser_bar_that_was_known_late_follows_the_one_before_it() -> None:
    late = bars_at(COARSE.time, DAY_NS + DAY_NS // 24, price=500.0)
    base = minutes("2024-01-01 01:00", 3 * 24, every=60)
    whole = dataset([Asset("A", base, (late,), ("1Hour", "1Day"))])
    # The second day is made of the hours from 01:00 on, later than its own nominal begin.
    assert whole[24:].assets[0].coarser[0].time.tolist() == COARSE.time[1:].tolist()


DIVIDENDS = action_table([dividend(f"2024-01-{day:02}", float(day)) for day in (1, 3, 4, 8)])


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [(0, 10, [1, 3, 4, 8]), (2, 10, [3, 4, 8]), (3, 7, [4]), (0, 2, [1]), (8, 10, [])],
)
def test_a_slice_keeps_the_actions_that_take_effect_at_its_bars(
    first: int, last: int, kept: list[float]
) -> None:
    cut = dataset([replace(A, actions=DIVIDENDS)])[first:last]
    assert cut.assets[0].actions["value"].tolist() == kept


def test_an_action_of_a_weekend_takes_effect_at_the_next_bar() -> None:
    base = weekdays("2024-01-01", "2024-01-12")
    asset = Asset("A", base, actions=action_table([dividend("2024-01-06", 1.0)]))
    whole = dataset([asset])
    assert len(whole[5:].assets[0].actions) == 1
    assert len(whole[6:].assets[0].actions) == 0
    assert len(whole[:4].assets[0].actions) == 0


def test_a_delisting_stands_until_it_has_taken_effect() -> None:
    gone = replace(B, actions=action_table([delisting("2024-01-08", 0.0)]))
    both = dataset([A, gone])
    assert len(both[:6].assets[1].actions) == 0
    assert len(both[:7].assets[1].actions) == 1
    assert len(both[6:].assets[1].actions) == 1
    assert len(both[8:].assets[1].actions) == 0
    assert len(both[7:][:2].assets[1].actions) == 0
    assert len(both[6:][:2].assets[1].actions) == 1
    alone = dataset([gone])
    assert len(alone[1:].assets[0].actions) == 1


RATE = daily("2023-12-30", 20, price=2.0)
EURO = Asset("SAP", daily("2024-01-04", 3), currency="EUR")


def test_a_slice_keeps_the_newest_rate_that_was_known_at_its_begin() -> None:
    whole = dataset([A, EURO], rates={"EUR": RATE})
    cut = whole[4:6].rates["EUR"]
    assert cut.known[0] == at("2024-01-05")
    assert cut.known[-1] == whole.timeline[5]
    assert np.shares_memory(cut.close, RATE.close)


def test_every_currency_needs_a_rate_that_is_known_by_the_first_bar() -> None:
    with pytest.raises(Invalid, match=r"rates.EUR must be given, because SAP is quoted in EUR"):
        dataset([EURO])
    with pytest.raises(Invalid, match=r"rates.EUR must be known by 2024-01-05 00:00 UTC, when SAP"):
        dataset([EURO], rates={"EUR": daily("2024-01-05", 3)})
    with pytest.raises(Invalid, match=r"rates.JPY must be of a currency of an asset"):
        dataset([EURO], rates={"EUR": RATE, "JPY": RATE})
    with pytest.raises(Invalid, match=r"rates.USD must be of a currency of an asset"):
        dataset([A], rates={"USD": RATE})


def test_assets_must_differ_in_name_and_agree_in_timeframes() -> None:
    with pytest.raises(Invalid, match=r"assets\[1\].symbol"):
        dataset([A, replace(B, symbol="A")])
    with pytest.raises(Invalid, match=r"A.timeframes must be 1Day as for B"):
        dataset([B, TWO_FRAMES])
    with pytest.raises(Invalid, match="assets must be at least one asset"):
        dataset([])
    with pytest.raises(Invalid, match="no bars of A"):
        dataset([Asset("A", A.base[:0])])
    with pytest.raises(Invalid, match="1 names for A, one for each timeframe"):
        dataset([replace(A, timeframes=("1Day", "1Week"))])
    with pytest.raises(Invalid, match="from the shortest to the longest"):
        dataset([replace(TWO_FRAMES, timeframes=("1Day", "1Hour"))])


@pytest.mark.parametrize(
    ("term", "value"),
    [("multiplier", 0.0), ("multiplier", nan), ("tick", -0.01), ("borrow_rate", -0.1)],
)
def test_a_term_that_cannot_be_is_named(term: str, value: float) -> None:
    with pytest.raises(Invalid) as caught:
        dataset([replace(A, **{term: value})])  # type: ignore[arg-type]  # any term
    assert caught.value.field == f"A.{term}"


def test_bars_after_a_delisting_are_refused() -> None:
    gone = replace(A, actions=action_table([delisting("2024-01-05")]))
    with pytest.raises(Invalid, match=r"bars\[4\].time must be before A was delisted, 2024-01-05"):
        dataset([gone])


def test_actions_are_sorted_and_checked() -> None:
    table = action_table(
        [split("2024-01-05", 4), delisting("2024-01-05"), dividend("2024-01-02", 1)]
    )
    assert table["kind"].tolist() == [1, 2, 3]
    assert table["value"].tolist()[:2] == [1.0, 4.0]
    assert not table.flags.writeable
    for wrong, field in (
        (Action(0, 9, 1.0), "actions.A[0].kind"),
        (Action(0, 1, -1.0), "actions.A[0].value"),
        (Action(0, 2, nan), "actions.A[0].value"),
        (Action(0, 3, -1.0), "actions.A[0].value"),
    ):
        with pytest.raises(Invalid) as caught:
            action_table([wrong], "A")
        assert caught.value.field == field
    with pytest.raises(Invalid, match="nothing after the delisting"):
        action_table([delisting("2024-01-05"), dividend("2024-01-06", 1.0)])
    with pytest.raises(Invalid, match=r"split.old must be a finite number above 0"):
        split("2024-01-05", 2, 0)


def test_equal_data_has_an_equal_hash_and_any_change_another() -> None:
    whole = dataset([A, EURO], rates={"EUR": RATE})
    again = dataset([Asset("A", daily("2024-01-01", 10)), replace(EURO)], rates={"EUR": RATE})
    assert whole.sha256() == again.sha256()
    others = [
        dataset([EURO, A], rates={"EUR": RATE}),
        dataset([replace(A, symbol="Z"), EURO], rates={"EUR": RATE}),
        dataset([replace(A, tick=0.01), EURO], rates={"EUR": RATE}),
        dataset([replace(A, fractional=True), EURO], rates={"EUR": RATE}),
        dataset([replace(A, fractional=False), EURO], rates={"EUR": RATE}),
        dataset([replace(A, has_volume=False), EURO], rates={"EUR": RATE}),
        dataset([replace(A, actions=DIVIDENDS), EURO], rates={"EUR": RATE}),
        dataset([replace(A, base=daily("2024-01-01", 10, price=99.0)), EURO], rates={"EUR": RATE}),
        dataset([A, EURO], rates={"EUR": daily("2023-12-30", 20, price=2.5)}),
        whole[1:],
    ]
    hashes = {other.sha256() for other in others}
    assert len(hashes) == len(others)
    assert whole.sha256() not in hashes


def test_a_dataset_that_is_cut_twice_is_as_if_it_was_cut_once() -> None:
    euro = replace(EURO, actions=action_table([dividend("2024-01-05", 1.0)]))
    whole: Dataset = dataset([A, euro], rates={"EUR": RATE})
    assert whole[2:8][1:4].sha256() == whole[3:6].sha256()
    assert whole[2:][:4].sha256() == whole[2:6].sha256()
