"""Read the real daily bars that Python packages ship, without importing the packages.

The files are read as they lie in the installed package; nothing is downloaded. A row that is no
valid bar is quarantined: left out, counted and reported with its reason. It is never repaired,
since a guess would look like a fact. The versions that the extra ``samples`` pins have no such
row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import InvalidRows, NotFound
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.csv_rows import csv_rows, opened
from algotrendy.market_data.imports import CheckedBars
from algotrendy.market_data.rows import RowCheck

SampleSource = Literal["bokeh", "arch"]
SAMPLE_SOURCES: tuple[SampleSource, ...] = ("bokeh", "arch")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of one package.

    Attributes:
        package: Import name of the package, and the folder the path starts from.
        distribution: Its name on PyPI.
        symbol: Whose bars they are, or None when ``symbol_column`` says so row by row.
        date_format: As of strptime; None for ISO 8601.
    """

    package: str
    distribution: str
    path: str
    symbol: str | None = None
    symbol_column: str | None = None
    date_format: str | None = None


SAMPLES: dict[SampleSource, tuple[Sample, ...]] = {
    "bokeh": (
        Sample(
            "bokeh_sampledata", "bokeh-sampledata", "_data/stocks.csv.gz", symbol_column="Ticker"
        ),
    ),
    "arch": (
        Sample("arch", "arch", "data/sp500/sp500.csv.gz", "SPX", date_format="%m/%d/%Y"),
        Sample("arch", "arch", "data/nasdaq/nasdaq.csv.gz", "IXIC", date_format="%m/%d/%Y"),
    ),
}


def package_folder(package: str) -> Path | None:
    """Find where an installed package lies, without importing it."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def read_samples(
    source: SampleSource, folder_of: Callable[[str], Path | None] = package_folder
) -> list[CheckedBars]:
    """Read every series of a source, by symbol.

    Args:
        source: Which one.
        folder_of: Finds a package's folder by import name, None when it is not installed.

    Raises:
        NotFound: If the package is not installed, or has not the file.
        InvalidRows: If a file lacks a column or has no valid row for a symbol.
    """
    found = [checked for sample in SAMPLES[source] for checked in _read(sample, folder_of)]
    return sorted(found, key=lambda checked: checked.bars.symbol)


def _read(sample: Sample, folder_of: Callable[[str], Path | None]) -> Iterable[CheckedBars]:
    folder = folder_of(sample.package)
    if folder is None:
        hint = "install it with: pip install 'algotrendy[samples]'"
        raise NotFound("package", sample.distribution, hint)
    name = f"{sample.package}/{sample.path}"
    checks: dict[str, RowCheck] = {}
    whole_file = RowCheck()
    with opened(folder / sample.path, name) as stream:
        for line, cells in csv_rows(stream, name, whole_file, also=sample.symbol_column):
            symbol = sample.symbol if sample.symbol_column is None else cells.pop(0)
            check = checks.setdefault(symbol or "", RowCheck(date_format=sample.date_format))
            check.add(line, cells)
    # Lines that could not be taken apart belong to no symbol: then the file itself is broken.
    if (broken := whole_file.result()).bad:
        raise InvalidRows(name, broken.faults, broken.bad)
    label = f"{sample.distribution} {_version(sample.distribution)}"
    return [_series(symbol, check, name, label) for symbol, check in checks.items()]


def _series(symbol: str, check: RowCheck, name: str, source: str) -> CheckedBars:
    result = check.result()
    if result.rows is None:
        raise InvalidRows(name, result.faults, result.bad)
    bars = result.rows.bars(parse_symbol(symbol), Timeframe.DAY, source)
    return CheckedBars(bars, result.bad, result.faults)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of unknown version"
