"""Time stands where it is put; ids carry it, and are read back strictly."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from algotrendy.kernel.clock import ManualClock, SystemClock, parse_time, seconds_passed
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import (
    SeededIds,
    Uuid7s,
    parse_correlation_id,
    parse_event_id,
    parse_sweep_id,
    parse_tenant,
    parse_user_id,
    time_of,
    uuid7,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_system_clock_tells_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("platform", "clock"),
    [("linux", "CLOCK_BOOTTIME"), ("darwin", "CLOCK_MONOTONIC_RAW")],
)
def test_the_seconds_that_passed_count_a_sleep_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, platform: str, clock: str
) -> None:
    # The one clock of the system that counts it there; no test can put the machine to sleep.
    told = {getattr(time, clock): 5_000.0, time.CLOCK_MONOTONIC: 1_400.0}
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("time.clock_gettime", told.__getitem__)
    assert seconds_passed() == 5_000.0


def test_the_seconds_that_passed_never_step_back() -> None:
    assert seconds_passed() <= seconds_passed()


def test_a_manual_clock_moves_only_when_it_is_moved() -> None:
    clock = ManualClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(seconds=90)) == clock.now() == NOON + timedelta(seconds=90)


def test_a_manual_clock_does_not_run_backwards() -> None:
    with pytest.raises(Invalid, match="by must be zero or more"):
        ManualClock(NOON).advance(timedelta(seconds=-1))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="start must be a time with a zone"):
        ManualClock(NOON.replace(tzinfo=None))


def test_a_time_of_another_zone_becomes_the_same_instant_in_utc() -> None:
    read = parse_time("2026-11-22T07:00:00-05:00")
    assert read == NOON
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "", "2026-11-22T12:00:00", "2026-13-01T00:00:00Z"])
def test_a_text_that_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="occurred_at must be"):
        parse_time(text, "occurred_at")


def test_a_uuid7_reproduces_the_example_of_the_rfc() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a CC3, rand_b 18C4DC0C0C07398F.
    random_74 = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    moment = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    made = uuid7(moment, lambda _count: (random_74 << 6).to_bytes(10))
    assert made == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


def test_a_uuid7_before_1970_is_refused() -> None:
    with pytest.raises(Invalid, match="now must be in 1970 or later"):
        uuid7(datetime(1969, 12, 31, tzinfo=UTC))


def test_ids_of_one_millisecond_sort_as_they_were_made() -> None:
    ids = Uuid7s(ManualClock(NOON))
    made = [ids.next() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_ids_go_on_upwards_when_the_clock_steps_back() -> None:
    class Stepping:
        def __init__(self) -> None:
            self.times = [NOON, NOON - timedelta(seconds=5), NOON - timedelta(seconds=4)]

        def now(self) -> datetime:
            return self.times.pop(0)

    ids = Uuid7s(Stepping())
    first, second, third = ids.next(), ids.next(), ids.next()
    assert first < second < third


def test_ids_borrow_the_next_millisecond_when_one_is_full() -> None:
    ids = Uuid7s(ManualClock(NOON), lambda count: b"\xff" * count)
    first, second = ids.next(), ids.next()
    assert first < second
    assert time_of(second) - time_of(first) == timedelta(milliseconds=1)


def test_threads_that_share_ids_never_get_the_same_one() -> None:
    ids = Uuid7s(SystemClock())
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ids.next(), range(2000)))
    assert len(set(made)) == 2000


def test_seeded_ids_come_again_for_the_same_seed() -> None:
    first, second = (SeededIds(7, ManualClock(NOON)) for _ in range(2))
    assert [first.next() for _ in range(5)] == [second.next() for _ in range(5)]
    assert SeededIds(8, ManualClock(NOON)).next() != SeededIds(7, ManualClock(NOON)).next()


def test_an_id_tells_the_millisecond_it_was_made_in() -> None:
    moment = NOON + timedelta(microseconds=123_456)
    assert time_of(uuid7(moment)) == NOON + timedelta(milliseconds=123)


def test_a_random_uuid_tells_no_time() -> None:
    with pytest.raises(Invalid, match="id must be a UUIDv7"):
        time_of(uuid4())


@pytest.mark.parametrize("parse", [parse_sweep_id, parse_event_id])
def test_an_id_is_read_back_from_its_text(parse: Callable[[str], UUID]) -> None:
    made = uuid7(NOON)
    assert parse(str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "b0142942-43cd-4d65-b7cf-a329f1e039f0",
        "01a20320a2007f63b3ae3deca99fdf03",
        "{01a20320-a200-7f63-b3ae-3deca99fdf03}",
        "urn:uuid:01a20320-a200-7f63-b3ae-3deca99fdf03",
        "../01a20320-a200-7f63-b3ae-3deca99fdf03",
    ],
)
def test_an_id_in_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="sweep_id must be a UUIDv7"):
        parse_sweep_id(text)


@pytest.mark.parametrize("text", ["a", "acme", "acme-capital", "7", "a" * 63])
def test_a_tenant_is_read(text: str) -> None:
    assert parse_tenant(text) == text


@pytest.mark.parametrize("text", ["", "-a", "a-", "Acme", "a/b", "..", "a b", "a" * 64, "acme\n"])
def test_a_malformed_tenant_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="tenant must be"):
        parse_tenant(text)


@pytest.mark.parametrize("text", ["", "a\nb", "a b", "x" * 129, "<script>", 'a"b'])
def test_a_correlation_id_that_could_forge_a_log_line_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="correlation_id must be"):
        parse_correlation_id(text)


def test_ids_that_others_gave_are_taken_as_they_are() -> None:
    assert parse_correlation_id("Root=1-67891233-abcdef012345678912345678")
    assert parse_user_id("ada.lovelace@example.com") == "ada.lovelace@example.com"
