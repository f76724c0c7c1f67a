from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from algotrendy.exchange.chaos import AS_IT_IS, UNHARMED, Chaos, Drop, RequestFate, UpdateFate
from algotrendy.exchange.faults import Faults, Kind, Scripted
from algotrendy.exchange.venue.model import Order, Update, UpdateEvent
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
ORDER = Order(
    id="order",
    sequence=1,
    account_id="account",
    client_order_id="mine",
    symbol="AAPL",
    side=Side.BUY,
    type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    order_class=OrderClass.SIMPLE,
    status=OrderStatus.FILLED,
    created_at=NOW,
    updated_at=NOW,
    submitted_at=NOW,
    quantity=Decimal(1),
)


def update(number: int, event: UpdateEvent = UpdateEvent.FILL) -> Update:
    return Update(number, "account", event, NOW, ORDER, execution_id=f"execution-{number}")


def fates(chaos: Chaos, count: int = 300) -> list[RequestFate]:
    return [chaos.for_request("POST", "/v2/orders", NOW) for _ in range(count)]


def test_nothing_goes_wrong_by_default() -> None:
    chaos = Chaos(seed=1)
    assert set(fates(chaos)) == {UNHARMED}
    assert chaos.for_update(update(1)) == AS_IT_IS
    assert chaos.bust_after_s(update(1)) is None
    assert chaos.maintenance_ends(NOW) is None
    assert chaos.injected == {}


def test_the_same_seed_and_questions_give_the_same_answers() -> None:
    faults = Faults(
        latency_s=0.1, latency_jitter_s=0.5, rate_limit=0.2, timeout_after=0.3, drop_updates=0.4
    )
    one, same, other = Chaos(7, faults), Chaos(7, faults), Chaos(8, faults)
    assert fates(one) == fates(same)
    assert fates(one) != fates(other)
    updates = [update(number) for number in range(50)]
    assert [one.for_update(u) for u in updates] == [same.for_update(u) for u in updates]


def test_an_updates_fate_does_not_depend_on_who_asks_and_in_which_order() -> None:
    faults = Faults(drop_updates=0.3, duplicate_updates=0.3, late_updates=0.3)
    forth, back = Chaos(7, faults), Chaos(7, faults)
    updates = [update(number) for number in range(60)]
    told = {u.number: forth.for_update(u) for u in updates for _ in range(2)}
    assert told == {u.number: back.for_update(u) for u in reversed(updates)}
    assert len(set(told.values())) > 2


def test_switching_one_fault_on_does_not_move_the_others() -> None:
    alone = Chaos(3, Faults(rate_limit=0.2))
    together = Chaos(3, Faults(rate_limit=0.2, drop_after=0.5))
    limited = [fate.refuse_before == 429 for fate in fates(alone)]
    assert any(limited)
    assert limited == [fate.refuse_before == 429 for fate in fates(together)]


@pytest.mark.parametrize(
    ("faults", "fits"),
    [
        (Faults(latency_s=2), lambda fate: fate.delay_s == 2),
        (
            Faults(rate_limit=1, retry_after_s=9),
            lambda fate: fate.refuse_before == 429 and fate.retry_after_s == 9,
        ),
        (Faults(error_before=1), lambda fate: fate.refuse_before in (500, 503)),
        (Faults(timeout_before=1), lambda fate: fate.refuse_before == 504),
        (Faults(error_after=1), lambda fate: fate.fail_after in (500, 503)),
        (Faults(timeout_after=1), lambda fate: fate.fail_after == 504),
        (Faults(drop_before=1), lambda fate: fate.drop is Drop.BEFORE),
        (Faults(drop_after=1), lambda fate: fate.drop is Drop.AFTER),
    ],
)
def test_a_certain_fault_happens_to_every_request_until_it_is_off(
    faults: Faults, fits: Callable[[RequestFate], bool]
) -> None:
    chaos = Chaos(1, faults)
    assert all(fits(fate) for fate in fates(chaos, 50))
    assert sum(chaos.injected.values()) == 50
    chaos.faults = Faults()
    assert set(fates(chaos, 50)) == {UNHARMED}


def test_jitter_spreads_between_the_latency_and_its_sum() -> None:
    delays = [f.delay_s for f in fates(Chaos(1, Faults(latency_s=1, latency_jitter_s=2)))]
    assert 1 <= min(delays) < 1.2
    assert 2.8 < max(delays) <= 3


def test_a_chance_is_about_as_likely_as_it_says() -> None:
    hit = sum(fate.drop is Drop.AFTER for fate in fates(Chaos(1, Faults(drop_after=0.25)), 4_000))
    assert 850 < hit < 1_150


@pytest.mark.parametrize(
    ("faults", "fate"),
    [
        (Faults(drop_updates=1), UpdateFate(copies=0)),
        (Faults(duplicate_updates=1), UpdateFate(copies=2)),
        (Faults(reorder_updates=1), UpdateFate(after_next=True)),
        (Faults(late_updates=1, late_update_s=4), UpdateFate(delay_s=4)),
    ],
)
def test_a_certain_fault_happens_to_every_update(faults: Faults, fate: UpdateFate) -> None:
    chaos = Chaos(1, faults)
    assert {chaos.for_update(update(number)) for number in range(20)} == {fate}


def test_a_scripted_fault_happens_to_the_next_request_that_it_fits_and_to_no_other() -> None:
    chaos = Chaos(1)
    chaos.happen(
        [
            Scripted(fault=Kind.FAIL_AFTER, path="/v2/orders", method="POST", count=2),
            Scripted(fault=Kind.DROP_BEFORE, path="/v2/orders/*", method="DELETE"),
        ]
    )
    assert chaos.for_request("GET", "/v2/orders", NOW) == UNHARMED
    assert chaos.for_request("POST", "/v2/orders", NOW) == RequestFate(fail_after=504)
    assert chaos.for_request("DELETE", "/v2/orders/17", NOW) == RequestFate(drop=Drop.BEFORE)
    assert chaos.for_request("POST", "/v2/orders", NOW) == RequestFate(fail_after=504)
    assert chaos.for_request("POST", "/v2/orders", NOW) == UNHARMED
    assert chaos.script == ()
    assert chaos.injected == {"fail_after": 2, "drop_before": 1}


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (Kind.DELAY, RequestFate(delay_s=3)),
        (Kind.RATE_LIMIT, RequestFate(refuse_before=429, retry_after_s=3)),
        (Kind.FAIL_BEFORE, RequestFate(refuse_before=503)),
        (Kind.FAIL_AFTER, RequestFate(fail_after=503)),
        (Kind.DROP_BEFORE, RequestFate(drop=Drop.BEFORE)),
        (Kind.DROP_AFTER, RequestFate(drop=Drop.AFTER)),
    ],
)
def test_every_fault_of_a_request_can_be_scripted(kind: Kind, fate: RequestFate) -> None:
    chaos = Chaos(1)
    chaos.happen([Scripted(fault=kind, status=503, seconds=3)])
    assert chaos.for_request("GET", "/v2/clock", NOW) == fate


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (Kind.DROP_UPDATE, UpdateFate(copies=0)),
        (Kind.DUPLICATE_UPDATE, UpdateFate(copies=2)),
        (Kind.REORDER_UPDATE, UpdateFate(after_next=True)),
        (Kind.LATE_UPDATE, UpdateFate(delay_s=2)),
        (Kind.DISCONNECT_ON_UPDATE, UpdateFate(disconnect=True)),
    ],
)
def test_every_fault_of_an_update_can_be_scripted_for_one_event(
    kind: Kind, fate: UpdateFate
) -> None:
    chaos = Chaos(1)
    chaos.happen([Scripted(fault=kind, event="fill", seconds=2)])
    assert chaos.for_update(update(1, UpdateEvent.NEW)) == AS_IT_IS
    assert chaos.for_update(update(2)) == fate
    assert chaos.for_update(update(2)) == fate, "a second listener hears the same"
    assert chaos.for_update(update(3)) == AS_IT_IS


def test_fills_are_busted_by_script_or_by_chance() -> None:
    chaos = Chaos(1)
    chaos.happen([Scripted(fault=Kind.BUST, seconds=0.5)])
    assert chaos.bust_after_s(update(1)) == 0.5
    assert chaos.bust_after_s(update(2)) is None
    chaos.faults = Faults(busts=0.5, bust_after_s=2)
    decided = [chaos.bust_after_s(update(number)) for number in range(40)]
    assert set(decided) == {None, 2}
    again = Chaos(1, Faults(busts=0.5, bust_after_s=2))
    assert [again.bust_after_s(update(number)) for number in range(40)] == decided


def test_the_maintenance_window_lies_around_midnight_too() -> None:
    chaos = Chaos(1, Faults(maintenance_start=time(23, 30), maintenance_minutes=60))
    night = datetime(2026, 1, 6, 0, 10, tzinfo=UTC)
    ends = datetime(2026, 1, 6, 0, 30, tzinfo=UTC)
    assert chaos.maintenance_ends(night) == ends
    assert chaos.maintenance_ends(ends) is None
    assert chaos.maintenance_ends(ends - timedelta(hours=1)) == ends
    assert chaos.maintenance_ends(NOW) is None
    fate = chaos.for_request("GET", "/v2/clock", night)
    assert fate == RequestFate(refuse_before=503, retry_after_s=1_200)


def test_watchers_hear_of_new_settings_and_of_disconnects_until_they_leave() -> None:
    chaos = Chaos(1)
    heard: list[Scripted | None] = []
    leave = chaos.watch(heard.append)
    cut = Scripted(fault=Kind.DISCONNECT, path="/stream")
    chaos.faults = Faults(mute_updates=True)
    chaos.happen([cut])
    leave()
    chaos.faults = Faults()
    assert heard == [None, cut]
    assert chaos.script == (), "a disconnect is not kept for those who come later"


def test_calm_switches_everything_off() -> None:
    chaos = Chaos(1, Faults(drop_updates=1, rate_limit=1))
    chaos.happen([Scripted(fault=Kind.DROP_AFTER)])
    assert chaos.for_update(update(1)) == UpdateFate(copies=0)
    chaos.calm()
    assert chaos.faults == Faults()
    assert chaos.for_request("GET", "/", NOW) == UNHARMED
    assert chaos.for_update(update(1)) == AS_IT_IS


def test_fates_of_long_gone_updates_are_forgotten() -> None:
    chaos = Chaos(1)
    chaos.happen([Scripted(fault=Kind.DROP_UPDATE)])
    assert chaos.for_update(update(0)) == UpdateFate(copies=0)
    for number in range(1, 5_000):
        chaos.for_update(update(number))
    assert chaos.for_update(update(0)) == AS_IT_IS
    assert chaos.for_update(replace(update(0), account_id="another")) == AS_IT_IS
