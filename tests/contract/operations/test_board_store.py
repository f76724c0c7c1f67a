"""One suite on both stores of the board: what is kept is whole, and nobody undoes another one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import boto3
import pytest

from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.operations.adapters.board_stores import BOARD, board_store_at
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import COMPONENTS, State
from algotrendy.operations.status.incidents import declared
from algotrendy.operations.status.judging import Sighting
from algotrendy.operations.status.ports import BoardStore
from algotrendy.operations.status.records import write_board
from algotrendy.operations.status.standing import Patience
from algotrendy.operations.status.watching import change

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Place:
    """A store, and what lies under it."""

    def __init__(self, store: BoardStore, folder: Path | None) -> None:
        self.store = store
        self._folder = folder

    def damage(self) -> None:
        if self._folder is not None:
            (self._folder / BOARD).write_bytes(b"{")
        else:
            boto3.client("s3").put_object(Bucket="status", Key=f"a/{BOARD}", Body=b"{")


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        folder = tmp_path / "not yet" / "status"
        return Place(board_store_at(folder.as_uri()), folder)
    request.getfixturevalue("aws_cloud")
    boto3.client("s3").create_bucket(Bucket="status")
    return Place(board_store_at("s3://status/a"), None)


def with_incident(board: Board, title: str) -> Board:
    return board.opened(declared(title, State.OUTAGE, ["api"], "We look.", "ada", NOW))


def test_where_nothing_is_kept_the_board_is_empty(place: Place) -> None:
    kept = place.store.load()
    assert (kept.board, kept.mark) == (Board(), None)


def test_what_was_kept_is_read_again(place: Place) -> None:
    board = with_incident(Board(), "Slow")
    board = board.looked([Sighting("api", State.OPERATIONAL)], NOW, Patience())
    place.store.save(board, None)
    assert place.store.load().board == board


def test_nobody_undoes_what_another_one_wrote(place: Place) -> None:
    place.store.save(with_incident(Board(), "First"), None)
    with pytest.raises(Conflict):
        place.store.save(with_incident(Board(), "Second"), None)
    kept = place.store.load()
    place.store.save(with_incident(kept.board, "Second"), kept.mark)
    with pytest.raises(Conflict):
        place.store.save(Board(), kept.mark)
    assert [each.title for each in place.store.load().board.incidents] == ["First", "Second"]


def test_many_who_change_it_at_once_all_get_their_word_in(place: Place) -> None:
    def say(name: str) -> None:
        for title in (f"{name} first", f"{name} second", f"{name} third"):
            change(place.store, partial(with_incident, title=title))

    writers = [threading.Thread(target=say, args=(name,)) for name in ("ada", "bob")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(place.store.load().board.incidents) == 6


def test_a_change_of_nothing_writes_nothing(place: Place) -> None:
    change(place.store, lambda board: with_incident(board, "Slow"))
    before = place.store.load().mark
    change(place.store, lambda board: with_incident(board, "Slow"))
    assert place.store.load().mark == before


def test_a_damaged_record_stays_as_it_lies(place: Place) -> None:
    place.store.save(Board(NOW), None)
    place.damage()
    with pytest.raises(Unavailable, match="cannot be read"):
        change(place.store, lambda board: with_incident(board, "Slow"))
    with pytest.raises(Unavailable):
        place.store.load()


def test_90_days_of_every_component_are_small(place: Place) -> None:
    board = Board()
    for day in range(90):
        for minute in range(4):
            now = NOW + timedelta(days=day, minutes=minute)
            board = board.looked(
                [Sighting(each.id, State.OPERATIONAL) for each in COMPONENTS], now, Patience()
            )
    place.store.save(board, None)
    assert len(write_board(board)) < 60_000


def test_another_address_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        board_store_at("https://status.example.com")
    assert refused.value.field == "status_url"
