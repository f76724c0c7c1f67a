"""`algotrendy lake` and the function that keeps the lake: what they do and what they tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from arro3.core import Array, DataType, Table
from typer.testing import CliRunner, Result

from algotrendy.cli.lake import app, size
from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.market_data import wiring
from algotrendy.platform.lake import Lake, lake_at
from fakes.functions import Context, load_handler


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    url = f"file://{tmp_path}/lake"
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", url)
    monkeypatch.setenv("COLUMNS", "120")
    wiring.lake_upkeep.cache_clear()
    yield lake_at(url)
    wiring.lake_upkeep.cache_clear()


class LongContext(Context):
    """Lambda, with all its time before it."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def fill(lake: Lake, dataset: str, files: int) -> None:
    for moment in range(files):
        columns = [Array(["AAPL"], DataType.utf8()), Array([moment], DataType.int64())]
        lake.write(dataset, Table.from_arrays(columns, names=["symbol", "time"]), ["symbol"])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_an_empty_lake_says_what_to_do(lake: Lake) -> None:
    assert run("status").stdout == "the lake is empty: algotrendy bars import --source all\n"
    assert run("keep").stdout == ""


def test_status_shows_each_dataset(lake: Lake) -> None:
    fill(lake, "bars", 1)
    fill(lake, "ticks", 5)
    head, bars, ticks = run("status").stdout.splitlines()
    assert head.split() == ["Dataset", "Version", "Rows", "Files", "Small", "Partitions", "Size"]
    assert bars.split()[:6] == ["bars", "0", "1", "1", "0", "1"]
    assert ticks.split()[:6] == ["ticks", "4", "5", "5", "5", "1"]
    (found,) = json.loads(run("status", "ticks", "--json").stdout)
    assert (found["dataset"], found["columns"]) == ("ticks", ["symbol", "time"])


def test_keep_puts_files_together_and_says_so(lake: Lake) -> None:
    fill(lake, "ticks", 5)
    done = run("keep", "ticks").stdout
    expected = "ticks: 5 files put together into 1, 0 old ones deleted, version 5\n"
    assert done == expected
    (again,) = json.loads(run("keep", "--json").stdout)
    assert (again["put_together"], again["finished"]) == (0, True)


def test_a_dataset_that_is_not_there_is_not_found(lake: Lake) -> None:
    fill(lake, "ticks", 1)
    result = run("keep", "ticsk")
    assert isinstance(result.exception, NotFound)
    assert "there are ticks" in result.exception.message


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2 * 10**15, "2000.0 TB")]
)
def test_sizes_are_written_for_a_person(count: int, text: str) -> None:
    assert size(count) == text


def test_the_function_keeps_every_dataset(lake: Lake) -> None:
    fill(lake, "bars", 5)
    fill(lake, "ticks", 5)
    done = load_handler("market_data", "keep_lake")({}, LongContext())
    assert done == {"put_together": 10, "forgotten": 0, "waiting": []}


def test_what_the_function_has_no_time_for_waits(lake: Lake) -> None:
    fill(lake, "ticks", 5)
    done = load_handler("market_data", "keep_lake")({}, Context())
    assert done == {"put_together": 0, "forgotten": 0, "waiting": ["ticks"]}


def test_a_dataset_that_fails_does_not_stop_the_others(lake: Lake, tmp_path: Path) -> None:
    fill(lake, "bars", 1)
    fill(lake, "ticks", 5)
    (tmp_path / "lake/bars/_delta_log/00000000000000000000.json").write_text("not a log")
    with pytest.raises(Unavailable):
        load_handler("market_data", "keep_lake")({}, LongContext())
    assert len(lake.table("ticks").file_uris()) == 1
