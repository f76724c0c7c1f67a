"""A dataset in a file that processes map: the same to the last bit, whole or refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest

from algotrendy.backtest.data.actions import action_table, delisting, dividend
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.dataset import dataset
from algotrendy.backtest.data.resampling import resample
from algotrendy.backtest.data.shared_memory import attach, export
from algotrendy.backtest.data.timeframes import Timeframe
from algotrendy.kernel.errors import Invalid
from fakes.bar_columns import daily, minutes

HOURS = minutes("2024-01-01", 240, every=60)
DAYS = resample(HOURS, Timeframe(1, "Hour"), Timeframe(1, "Day"))
ACTIONS = action_table([dividend("2024-01-05", 1.0), delisting("2024-01-20", nan)])
WHOLE = dataset(
    [
        Asset("A", HOURS, (DAYS,), ("1Hour", "1Day"), fractional=True, tick=0.01, actions=ACTIONS),
        Asset("SAP", HOURS, (DAYS,), ("1Hour", "1Day"), "EUR", 10.0, borrow_rate=0.01),
    ],
    rates={"EUR": daily("2023-12-20", 40)},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.bars"
    assert export(WHOLE, path) == WHOLE.sha256()
    return path


def test_what_is_attached_is_what_was_exported(file: Path) -> None:
    found = attach(file, check=True)
    assert found.sha256() == WHOLE.sha256()
    assert found.symbols == ("A", "SAP")
    assert found.timeline.tolist() == WHOLE.timeline.tolist()
    assert found.validate() is found
    assert found[100:200].sha256() == WHOLE[100:200].sha256()
    assert found.assets[0].fractional is True
    assert found.assets[1].fractional is None
    assert np.isnan(found.assets[0].actions["value"][1])


def test_nobody_can_write_to_what_is_mapped(file: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        attach(file).assets[0].base.close[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        attach(file).assets[0].actions["value"][0] = 1.0


def test_arrays_that_are_shared_are_in_the_file_once(file: Path, tmp_path: Path) -> None:
    found = attach(file)
    assert np.shares_memory(found.assets[0].base.close, found.assets[1].base.close)
    assert np.shares_memory(found.timeline, found.assets[0].base.known)
    many = dataset([Asset(f"S{place}", HOURS, timeframes=("1Hour",)) for place in range(50)])
    export(many, tmp_path / "many")
    assert (tmp_path / "many").stat().st_size < 3 * len(HOURS) * 8 * 8


def test_a_slice_is_a_file_of_its_own(tmp_path: Path) -> None:
    for cut in (WHOLE[50:60], WHOLE[7:7]):
        export(cut, tmp_path / "cut")
        assert attach(tmp_path / "cut", check=True).sha256() == cut.sha256()
    assert (tmp_path / "cut").stat().st_size < 8192


def test_an_export_replaces_a_file_and_leaves_who_reads_the_old_one_alone(file: Path) -> None:
    old = attach(file)
    export(WHOLE[:50], file)
    assert old.sha256() == WHOLE.sha256()
    assert len(attach(file, check=True)) == 50
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_an_export_that_fails_leaves_nothing_behind(file: Path) -> None:
    wrong = replace(WHOLE, assets=(replace(WHOLE.assets[0], multiplier=nan),))
    with pytest.raises(ValueError, match="JSON"):
        export(wrong, file)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert attach(file, check=True).sha256() == WHOLE.sha256()


def test_a_file_that_is_not_whole_is_refused(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    cut = tmp_path / "cut"
    for length in (0, 4, 12, 40, 900, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        with pytest.raises(Invalid, match="path must be a whole file of a dataset") as caught:
            attach(cut)
        assert caught.value.field == "path"
    with pytest.raises(Invalid, match="No such file"):
        attach(tmp_path / "none")
    cut.write_bytes(b"x" + content[1:])
    with pytest.raises(Invalid, match="it begins otherwise"):
        attach(cut)


def test_a_changed_byte_is_found_when_it_is_looked_for(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-500] ^= 1
    file.write_bytes(content)
    attach(file)
    with pytest.raises(Invalid, match="a dataset of sha256"):
        attach(file, check=True)


def test_another_process_sees_the_same(file: Path) -> None:
    code = (
        "import sys; from algotrendy.backtest.data.shared_memory import attach;"
        "print(attach(sys.argv[1]).sha256())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == WHOLE.sha256()
