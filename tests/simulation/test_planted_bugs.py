"""Bugs that lose or double orders elsewhere, planted here: each is found, and soon."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from algotrendy.brokers.port import BrokerUpdate
from algotrendy.kernel.ids import EventId, derived_uuid7
from algotrendy.kernel.order import Fill, Side
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.execution import dispatch, news
from algotrendy.trading.execution.hearing import Hearing
from algotrendy.trading.execution.lease import Fence
from algotrendy.trading.execution.news import Told
from algotrendy.trading.execution.service import Station
from algotrendy.trading.execution.session import Session
from algotrendy.trading.holds import hold_entry
from algotrendy.trading.journal import Entry
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import (
    OrderEvent,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderWithdrawn,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.restating import book_fill
from algotrendy.trading.status import PlatformStatus
from simulation.hunt import shortest
from simulation.laws import DOUBLED, LOST, OTHER, UNBALANCED
from simulation.run import PEACE_S, Result, play
from simulation.world import Plan

WITHIN = 1_000


def first_broken(of_law: str, begin: int = 0) -> Result:
    """Play seeds until one breaks a law; where many do not, begin near one that did."""
    for seed in range(begin, WITHIN):
        result = play(Plan(seed))
        if of_law in result.laws:
            return result
    raise AssertionError(f"no seed from {begin} to {WITHIN} found the bug")


def test_a_hold_released_on_a_time_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    after_sending = dispatch.after_sending

    def released(
        tx: LedgerTransaction, event: OrderNotSent | OrderOutcomeUnknown | OrderRejected
    ) -> PlatformOrder:
        if not isinstance(event, OrderOutcomeUnknown):
            return after_sending(tx, event)
        common: Any = {"order_id": event.order_id, "at": event.at, "reason": event.reason}
        order = after_sending(tx, OrderNotSent(id=event.id, **common))
        if order.status is not PlatformStatus.INTENDED:
            return order
        gone = EventId(derived_uuid7(event.at, str(event.id)))
        return record(tx, [OrderWithdrawn(id=gone, **common)]).after

    monkeypatch.setattr(dispatch, "after_sending", released)
    found = first_broken(LOST, begin=10)
    short = shortest(found, tries=40)
    assert short.broken[0].law == LOST
    assert len(short.lines) < len(play(found.plan, is_told=True).lines)


def test_a_cumulative_quantity_added_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told_by = news.told_by

    def added_up(update: BrokerUpdate) -> Told:
        told = told_by(update)
        if told.fill is None:
            return told
        return replace(told, fill=replace(told.fill, quantity=update.order.filled_quantity))

    monkeypatch.setattr(news, "told_by", added_up)
    assert first_broken(UNBALANCED, begin=80).broken


def test_a_hold_that_is_not_given_back_is_found_in_that_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def kept(before: PlatformOrder | None, after: PlatformOrder, event: OrderEvent) -> Entry | None:
        return None if after.is_terminal else hold_entry(before, after, event)

    monkeypatch.setattr("algotrendy.trading.booking.hold_entry", kept)
    found = first_broken(UNBALANCED)
    assert "is held, for orders that need" in found.broken[0].what
    assert found.seconds < PEACE_S


def test_an_entry_that_is_not_booked_in_the_position_is_found_in_that_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sometimes(tx: LedgerTransaction, account: Account, fill: Fill, name: str) -> None:
        if fill.side is Side.BUY:
            book_fill(tx, account, fill, name)

    monkeypatch.setattr("algotrendy.trading.booking.book_fill", sometimes)
    found = first_broken(UNBALANCED)
    assert "executions come to" in found.broken[0].what
    assert found.seconds < PEACE_S


def test_a_writer_without_a_fence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unfenced(self: Fence, *_: Any) -> bool:
        return True

    monkeypatch.setattr(Fence, "check", unfenced)
    monkeypatch.setattr(Fence, "may_send", unfenced)
    assert first_broken(DOUBLED, begin=12).broken


def test_a_writer_that_does_not_let_go_when_it_is_asked_to_stop_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = Station._sweep

    async def deaf(self: Station, session: Session, hearing: Hearing) -> None:
        try:
            await sweep(self, session, hearing)
        except asyncio.CancelledError:
            await sweep(self, session, hearing)

    monkeypatch.setattr(Station, "_sweep", deaf)
    found = first_broken(OTHER)
    assert "nobody serves the account" in [each.what for each in found.broken]
