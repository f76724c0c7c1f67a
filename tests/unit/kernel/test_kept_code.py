"""Where compiled code is kept, and what is found again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from numba.core.caching import IndexDataCacheFile

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.kept_code import PACKAGE, Shelf

SOURCES = ("kernel/records.py", "kernel/errors.py")


def shelf(tmp_path: Path, **settings: Any) -> Shelf:
    said = {"CPU_NAME": None, "CPU_FEATURES": None, "CACHE_DIR": str(tmp_path / "cache")}
    given = SimpleNamespace(**(said | settings))
    return Shelf(SOURCES, tmp_path / "shipped", given, ("0.1", "0.2"))


def test_a_folder_counts_with_every_module_in_it(tmp_path: Path) -> None:
    one = Shelf(SOURCES, tmp_path, SimpleNamespace(), ())
    room = Shelf(("kernel",), tmp_path, SimpleNamespace(), ())
    assert one.digest("host") != room.digest("host")
    assert (PACKAGE / "kernel" / "kept_code.py").is_file()


@pytest.mark.parametrize(
    "other",
    [
        Shelf(SOURCES[:1], Path(), SimpleNamespace(), ("0.1", "0.2")),
        Shelf(SOURCES, Path(), SimpleNamespace(), ("0.1", "0.3")),
    ],
)
def test_other_sources_and_compilers_have_other_folders(tmp_path: Path, other: Shelf) -> None:
    assert shelf(tmp_path).digest("host") != other.digest("host")
    assert shelf(tmp_path).digest("host") != shelf(tmp_path).digest("generic")


def test_what_was_shipped_is_brought_to_where_it_is_kept_and_only_once(tmp_path: Path) -> None:
    kept = shelf(tmp_path)
    place = kept.place()
    shipped = tmp_path / "shipped" / place.name
    shipped.mkdir(parents=True)
    for name in ("one.f-3.nbi", "one.f-3.1.nbc", "one.g-9.nbi"):
        (shipped / name).write_text("shipped")
    kept.bring("one.f-3.")
    assert sorted(file.name for file in place.iterdir()) == ["one.f-3.1.nbc", "one.f-3.nbi"]
    (place / "one.f-3.nbi").write_text("newer")
    kept.bring("one.f-3.")
    assert (place / "one.f-3.nbi").read_text() == "newer"


def test_the_compiler_is_told_of_kernels_for_any_processor_where_they_were_shipped(
    tmp_path: Path,
) -> None:
    settings = SimpleNamespace(CPU_NAME=None, CPU_FEATURES=None, CACHE_DIR="")
    kept = Shelf(SOURCES, tmp_path, settings, ())
    (tmp_path / kept.digest("generic")).mkdir()
    locators: list[Any] = []
    kept.install(locators, lambda _, file: file == "ours.py")
    kept.install(locators, lambda _, file: file == "ours.py")
    assert (settings.CPU_NAME, settings.CPU_FEATURES, len(locators)) == ("generic", "", 1)
    assert locators[0].from_function(shelf, "theirs.py") is None
    assert locators[0].from_function(shelf, "ours.py").get_source_stamp() == kept.digest("generic")


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(Unavailable, match="set NUMBA_CACHE_DIR"):
        shelf(tmp_path).place()


def guarded(kept: Shelf, folder: Path) -> Any:
    """Give what keeps a function's compiled forms, as numba is left with."""
    plain = IndexDataCacheFile(str(folder), "one.f-3", "stamp")
    dispatcher = SimpleNamespace(_cache=SimpleNamespace(_cache_file=plain))
    kept.guard(dispatcher)
    return dispatcher._cache._cache_file


def test_forms_for_other_arguments_are_kept_in_files_of_their_own(tmp_path: Path) -> None:
    one, other = guarded(shelf(tmp_path), tmp_path), guarded(shelf(tmp_path), tmp_path)
    one.save(("int64",), "code for whole numbers")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    other.save(("float64",), "code for floats")
    assert {file: file.read_bytes() for file in before} == before
    assert all(file.name.startswith("one.f-3.") for file in tmp_path.iterdir())
    assert one.load(("float64",)) == "code for floats"
    assert other.load(("int64",)) == "code for whole numbers"
    assert one.load(("int32",)) is None


def test_what_sources_compile_to_that_changed_since_is_neither_kept_nor_loaded(
    tmp_path: Path,
) -> None:
    source, folder = tmp_path / "source.py", tmp_path / "kept"
    folder.mkdir()
    guarded(shelf(tmp_path), folder).save("key", "code")
    source.write_text("# written after this process began")
    changed = Shelf((str(source),), tmp_path, SimpleNamespace(), ())
    file = guarded(changed, folder)
    before = sorted(folder.iterdir())
    file.save("other", "code")
    assert file.load("key") is None
    assert sorted(folder.iterdir()) == before
