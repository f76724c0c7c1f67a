"""Whatever happens to its slices, a parent order never trades more than its whole."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.parent import ParentState, ParentWish, Style
from fakes.slicer import Slicer, iceberg, twap, wish

whats = ["step", "step", "step", "accept", "part", "fill", "end", "refuse", "wait"]
acts = st.lists(
    st.tuples(st.sampled_from([*whats, "pause", "resume", "cancel"]), st.integers(1, 40)),
    max_size=40,
)
quantities = st.integers(10, 200).map(str)
curves = st.lists(st.integers(0, 9).map(Decimal), min_size=1, max_size=9).filter(any)
wishes: st.SearchStrategy[ParentWish] = st.one_of(
    st.builds(twap, quantities, st.integers(1, 10)),
    st.builds(lambda size, shown: iceberg(size, str(shown)), quantities, st.integers(1, 10)),
    st.builds(
        lambda quantity, curve: wish(Style.VWAP, quantity, curve=tuple(curve)), quantities, curves
    ),
)


def _happen(slicer: Slicer, what: str, number: int) -> None:
    counter = slicer.counter
    order = slicer.slices[-1] if slicer.slices else None
    match what:
        case "step":
            slicer.step()
        case "wait":
            slicer.step(minutes=number / 10)
        case "pause" | "resume" | "cancel":
            with suppress(Conflict):
                getattr(slicer.intake, what)(slicer.id, "ada")
        case _ if order is None:
            return
        case "accept" if not order.is_at_broker and not order.is_terminal:
            counter.accept(order)
        case "part" | "fill" if order.is_at_broker and order.remaining_quantity:
            size = order.remaining_quantity if what == "fill" else Decimal(number)
            counter.fill(order, str(min(size, order.remaining_quantity)))
        case "end" | "refuse" if order.is_at_broker and not order.is_terminal:
            counter.told(order, "canceled" if what == "end" else "rejected")


def _most(order: PlatformOrder) -> Decimal:
    """Give what a slice has filled and may yet fill."""
    rest = Decimal(0) if order.is_settled else order.remaining_quantity or Decimal(0)
    return order.filled_quantity + rest


@settings(max_examples=80, deadline=None)
@given(asked=wishes, happening=acts)
def test_slices_never_come_to_more_than_the_whole(
    asked: ParentWish, happening: list[tuple[str, int]]
) -> None:
    slicer = Slicer(asked, cash=10_000_000)
    for what, number in happening:
        _happen(slicer, what, number)
        assert sum(map(_most, slicer.slices)) <= asked.quantity
        assert sum(not each.is_settled for each in slicer.slices) <= 1
        if asked.display is not None:
            assert all((each.request.quantity or 0) <= asked.display for each in slicer.slices)


@settings(max_examples=25, deadline=None)
@given(asked=wishes)
def test_a_parent_whose_slices_all_fill_is_filled_in_its_time(asked: ParentWish) -> None:
    slicer = Slicer(asked, cash=10_000_000)
    for _ in range(250):
        if slicer.step(minutes=0.038):
            slicer.fill()
    parent = slicer.look()
    assert parent.state is ParentState.FILLED
    assert parent.filled == asked.quantity
