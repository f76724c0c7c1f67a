"""Whatever the data: a slice holds what was known in its steps, and no step more."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.data.actions import Action, action_table
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.moments import HOUR_NS
from algotrendy.backtest.data.resampling import resample
from algotrendy.backtest.data.timeframes import Timeframe
from fakes.bar_columns import bars_at

HOUR, DAY = Timeframe(1, "Hour"), Timeframe(1, "Day")


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """Give one to three assets of hours with gaps, with days of them, dividends and a rate."""
    assets = []
    for place in range(draw(st.integers(1, 3))):
        gaps = draw(st.lists(st.sampled_from([1, 1, 1, 3, 30]), min_size=1, max_size=40))
        times = (draw(st.integers(0, 60)) + np.cumsum(gaps)) * HOUR_NS
        base = bars_at(times, HOUR_NS)
        days = draw(st.lists(st.integers(0, 1000), max_size=6))
        assets.append(
            Asset(
                f"S{place}",
                base,
                (resample(base, HOUR, DAY),),
                ("1Hour", "1Day"),
                currency="EUR" if place else "USD",
                actions=action_table([Action(hour * HOUR_NS, 1, hour + 1.0) for hour in days]),
            )
        )
    rates = {"EUR": bars_at(np.arange(0, 1200, 7) * HOUR_NS - 9 * HOUR_NS, HOUR_NS)}
    return dataset(assets, rates=rates if len(assets) > 1 else {})


cuts = st.tuples(st.integers(0, 120), st.integers(0, 120)).map(sorted)


@settings(max_examples=200, deadline=None)
@given(datasets(), cuts)
def test_a_slice_holds_the_bars_that_were_known_in_its_steps(
    whole: Dataset, cut: list[int]
) -> None:
    part, steps = whole[cut[0] : cut[1]], whole.timeline[cut[0] : cut[1]].tolist()
    assert part.timeline.tolist() == steps
    for asset, of in zip(part.assets, whole.assets, strict=True):
        rows = np.flatnonzero(np.isin(of.base.known, steps))
        assert asset.base.close.tolist() == of.base.close[rows].tolist()
        inside = set(asset.base.time.tolist())
        days = of.coarser[0]
        made_of = [
            {int(t) for t in of.base.time if day <= int(t) < day + 24 * HOUR_NS}
            for day in days.time.tolist()
        ]
        kept = [
            row
            for row, hours in enumerate(made_of)
            if hours <= inside and int(days.known[row]) <= steps[-1]
        ]
        assert asset.coarser[0].close.tolist() == days.close[kept].tolist()


@settings(max_examples=200, deadline=None)
@given(datasets(), cuts)
def test_a_slice_holds_the_actions_that_take_effect_at_its_bars(
    whole: Dataset, cut: list[int]
) -> None:
    part = whole[cut[0] : cut[1]]
    for asset, of in zip(part.assets, whole.assets, strict=True):
        inside = set(asset.base.time.tolist())
        for time, _, value in of.actions.tolist():
            following = of.base.time[of.base.time >= time]
            if len(following):
                takes_effect = int(following[0]) in inside
                assert (value in asset.actions["value"].tolist()) == takes_effect


@settings(max_examples=200, deadline=None)
@given(datasets(), cuts)
def test_a_slice_has_at_each_bar_the_rate_that_the_whole_has(
    whole: Dataset, cut: list[int]
) -> None:
    part = whole[cut[0] : cut[1]]
    if not len(part):
        return
    for name, rate in part.rates.items():
        if len(part) < len(whole) and len(rate):
            assert rate.known[-1] <= part.timeline[-1]
        for asset in part.assets:
            for moment in (*asset.base.time.tolist(), *asset.base.known.tolist()):
                before = whole.rates[name]
                expected = before.close[before.known <= moment][-1:].tolist()
                assert rate.close[rate.known <= moment][-1:].tolist() == expected


@settings(max_examples=100, deadline=None)
@given(datasets(), cuts, cuts)
def test_a_slice_of_a_slice_is_a_slice(whole: Dataset, outer: list[int], inner: list[int]) -> None:
    once = whole[outer[0] : outer[1]]
    twice = once[inner[0] : inner[1]]
    first = min(outer[0] + inner[0], outer[1])
    direct = whole[first : min(outer[0] + inner[1], outer[1])]
    assert twice.timeline.tolist() == direct.timeline.tolist()
    for one, other in zip(twice.assets, direct.assets, strict=True):
        assert one.base.close.tolist() == other.base.close.tolist()
        assert one.coarser[0].close.tolist() == other.coarser[0].close.tolist()
