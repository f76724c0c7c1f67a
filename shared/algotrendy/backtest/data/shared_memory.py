"""Put a dataset into one file that many processes map, and none of them copies.

The file is a head in JSON and the arrays one after the other, in the byte order of every machine
that this runs on, little-endian. An array that several columns share is in it once. Pages that two
processes read are in memory once.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.actions import ACTION
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import NAMES, Columns
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.kernel.errors import Invalid

MAGIC: Final = b"ATDATA\x00\x01"
"""First bytes of a file; the last of them is the version of what follows."""

_ALIGNMENT: Final = 64
_LENGTH_BYTES: Final = 8
_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "i8": np.dtype("i8"),
    "f8": np.dtype("f8"),
    "action": ACTION,
}
_TERMS: Final = (
    "symbol",
    "currency",
    "multiplier",
    "fractional",
    "tick",
    "borrow_rate",
    "has_volume",
)


def export(dataset: Dataset, path: Path | str) -> str:
    """Write a dataset to a file, whole or not at all; a file that was there is replaced.

    Who has mapped the old file goes on reading that.

    Returns:
        The dataset's sha256.
    """
    to, arrays, digest = Path(path), _Arrays(), dataset.sha256()
    head = {
        "sha256": digest,
        "currency": dataset.currency,
        "timeline": arrays.place(dataset.timeline),
        "assets": [_asset_head(asset, arrays) for asset in dataset.assets],
        "rates": {name: arrays.places(bars) for name, bars in dataset.rates.items()},
        "arrays": arrays.entries,
    }
    written = json.dumps(head, allow_nan=False).encode()
    handle, temporary = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + len(written).to_bytes(_LENGTH_BYTES, "little") + written)
            begin = _aligned(file.tell())
            for (_, offset, _), array in zip(arrays.entries, arrays.held, strict=True):
                file.seek(begin + offset)
                file.write(array.tobytes())
            file.truncate(begin + arrays.size)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(to)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return digest


def attach(path: Path | str, *, check: bool = False) -> Dataset:
    """Map a file that ``export`` wrote; the arrays are read from it when they are used.

    Args:
        path: Of the file.
        check: Whether to read it all, and hold it to its sha256.

    Raises:
        Invalid: If it is no such file, or not whole; with ``check``, or not as it was written.
    """
    whole = _mapped(Path(path))
    try:
        head, begin = _head(whole)
        arrays = [_array(whole, begin, entry) for entry in head["arrays"]]
        found = Dataset(
            assets=tuple(_asset(one, arrays) for one in head["assets"]),
            currency=str(head["currency"]),
            rates={name: _columns(places, arrays) for name, places in head["rates"].items()},
            timeline=arrays[head["timeline"]],
        )
        digest = str(head["sha256"])
    except (KeyError, IndexError, TypeError, ValueError, Invalid) as error:
        raise Invalid("path", "a whole file of a dataset", f"{path}: {error}") from error
    if check and found.sha256() != digest:
        raise Invalid("path", f"a dataset of sha256 {digest}", f"{path}: {found.sha256()}")
    return found


class _Arrays:
    """Gives every array a place in the file, the same to one that it has seen."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, int, int]] = []
        self.held: list[NDArray[Any]] = []
        self.size = 0
        self._known: dict[tuple[int, int, str], int] = {}

    def place(self, array: NDArray[Any]) -> int:
        kind = next(name for name, dtype in _DTYPES.items() if dtype == array.dtype)
        key = (array.ctypes.data, len(array), kind)
        if key not in self._known:
            self._known[key] = len(self.entries)
            self.entries.append((kind, self.size, len(array)))
            self.held.append(array)
            self.size = _aligned(self.size + array.nbytes)
        return self._known[key]

    def places(self, bars: Columns) -> dict[str, int]:
        return {name: self.place(array) for name, array in bars.arrays().items()}


def _asset_head(asset: Asset, arrays: _Arrays) -> dict[str, Any]:
    return {
        **{name: getattr(asset, name) for name in _TERMS},
        "timeframes": asset.timeframes,
        "frames": [arrays.places(bars) for bars in asset.frames],
        "actions": arrays.place(asset.actions),
    }


def _asset(head: Mapping[str, Any], arrays: list[NDArray[Any]]) -> Asset:
    base, *coarser = (_columns(places, arrays) for places in head["frames"])
    return Asset(
        **{name: head[name] for name in _TERMS},
        base=base,
        coarser=tuple(coarser),
        timeframes=tuple(head["timeframes"]),
        actions=arrays[head["actions"]],
    )


def _columns(places: Mapping[str, int], arrays: list[NDArray[Any]]) -> Columns:
    return Columns(**{name: arrays[places[name]] for name in NAMES})


def _mapped(path: Path) -> NDArray[np.uint8]:
    try:
        with path.open("rb") as file:
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except (OSError, ValueError) as error:
        raise Invalid("path", "a whole file of a dataset", f"{path}: {error}") from error


def _head(whole: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    first = len(MAGIC) + _LENGTH_BYTES
    if whole[: len(MAGIC)].tobytes() != MAGIC:
        raise ValueError("it begins otherwise")
    length = int.from_bytes(whole[len(MAGIC) : first].tobytes(), "little")
    if first + length > len(whole):
        raise ValueError("its head is cut off")
    head: dict[str, Any] = json.loads(whole[first : first + length].tobytes())
    return head, _aligned(first + length)


def _array(whole: NDArray[np.uint8], begin: int, entry: tuple[str, int, int]) -> NDArray[Any]:
    kind, offset, count = entry
    dtype = _DTYPES[kind]
    first, last = begin + offset, begin + offset + count * dtype.itemsize
    if offset < 0 or count < 0 or last > len(whole):
        raise ValueError(f"it ends at byte {len(whole)} and not at {last}")
    return whole[first:last].view(dtype)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
