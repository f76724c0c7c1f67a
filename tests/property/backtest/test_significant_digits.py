"""Many numbers are rounded as one is."""

from __future__ import annotations

from math import isnan

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from algotrendy.backtest.significant import canonical, canonical_floats

halves = st.builds(
    lambda digits, power, rest: float(f"{digits}.{rest}e{power}"),
    st.integers(10**11, 10**12 - 1),
    st.integers(-30, 30),
    st.sampled_from(["5", "49999", "50001", "0"]),
)
"""Numbers that lie where rounding up and down meet, or close by."""


@given(st.lists(st.floats() | halves | st.floats(-1e6, 1e6)))
@example([0.0, -0.0, 1e11, 999999999999.5, 9.99999999999996e-5, 1e22, 1e23, 5e-324])
def test_many_floats_are_rounded_as_each_alone(values: list[float]) -> None:
    found = canonical_floats(np.array(values, dtype=np.float64)).tolist()
    for one, value in zip(found, values, strict=True):
        expected = canonical(value)
        assert isinstance(expected, float)
        if isnan(expected):
            assert isnan(one)
        else:
            assert one.hex() == expected.hex()
