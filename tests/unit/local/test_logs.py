from itertools import islice
from pathlib import Path

import pytest

from algotrendy.kernel.errors import NotFound
from algotrendy.local.home import Home
from algotrendy.local.logs import follow, last_lines, log_files, rotate_logs


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.create()
    return home


def test_a_log_that_grew_too_large_moves_aside_under_a_writer(home: Home) -> None:
    log = home.logs / "emulator.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old line\n" * 20)
        rotate_logs(home.logs, largest_bytes=100)
        writer.write(b"new line\n")
    assert log.read_bytes() == b"new line\n"
    assert (home.logs / "emulator.log.1").read_bytes() == b"old line\n" * 20


def test_a_small_log_stays_where_it_is(home: Home) -> None:
    (home.logs / "valkey.log").write_text("line\n")
    rotate_logs(home.logs, largest_bytes=100)
    assert [file.name for file in home.logs.iterdir()] == ["valkey.log"]


def test_the_last_lines_come_oldest_first(home: Home) -> None:
    log = home.logs / "valkey.log"
    log.write_bytes(b"one\ntwo\nthree \xff\n")
    assert last_lines(log, 2) == ["two", "three \ufffd"]
    assert last_lines(log, 0) == []


def test_an_unknown_part_is_told_which_parts_have_logs(home: Home) -> None:
    (home.logs / "valkey.log").touch()
    with pytest.raises(NotFound, match="log redis was not found; there are valkey"):
        log_files(home, "redis")


def test_every_part_is_shown_when_none_is_named(home: Home) -> None:
    for name in ("valkey.log", "emulator.log", "emulator.log.1"):
        (home.logs / name).touch()
    assert [file.stem for file in log_files(home, None)] == ["emulator", "valkey"]


def test_following_yields_what_is_written_from_now_on(home: Home) -> None:
    log = home.logs / "valkey.log"
    log.write_text("old\n")
    lines = follow([log])
    with log.open("a") as writer:
        writer.write("one\ntwo\nnot yet whole")
    assert list(islice(lines, 2)) == [(log, "one"), (log, "two")]
    with log.open("a") as writer:
        writer.write(" but now\n")
    assert next(lines) == (log, "not yet whole but now")


def test_following_goes_on_after_a_rotation(home: Home) -> None:
    log = home.logs / "valkey.log"
    log.write_text("a long line from before\n")
    lines = follow([log])
    rotate_logs(home.logs, largest_bytes=10)
    log.write_text("new\n")
    assert next(lines) == (log, "new")
