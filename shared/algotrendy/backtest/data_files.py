"""The bars of a sweep as files, written once with its plan: who runs a shard maps them.

A file lies under the hash of the series that it was made of, and its own hash is in the shard's
part of the plan. A file that is not there, or is not what was planned, is made of the store's bars.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from algotrendy.backtest.ports import Blobs
from algotrendy.kernel.errors import Invalid, NotFound

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset

OCTETS = "application/octet-stream"


def put_dataset(dataset: Dataset, key: str, blobs: Blobs) -> str:
    """Write a dataset as one object; give its sha256."""
    from algotrendy.backtest.data.shared_memory import export

    with tempfile.TemporaryDirectory(prefix="algotrendy-") as folder:
        path = Path(folder, "dataset")
        digest = export(dataset, path)
        blobs.put(key, path.read_bytes(), OCTETS)
    return digest


def mapped_dataset(
    key: str, digest: str, blobs: Blobs, otherwise: Callable[[], Dataset]
) -> Dataset:
    """Map the file of a dataset; where it is not as it was written, make the dataset otherwise.

    Objects that are files of this machine are mapped as they lie, so that the processes of a sweep
    share the memory; of others this process keeps a copy in its temporary folder for the next time.
    """
    from algotrendy.backtest.data.shared_memory import attach

    for _ in range(2):
        path = _local(key, digest, blobs)
        if path is None:
            break
        with suppress(Invalid):
            found = attach(path)
            if found.sha256() == digest:
                return found
        if not _is_copy(path):
            break
        with suppress(OSError):  # another user's
            path.unlink()
    return otherwise()


def _copies() -> Path:
    return Path(tempfile.gettempdir(), "algotrendy-datasets")


def _is_copy(path: Path) -> bool:
    return path.parent == _copies()


def _local(key: str, digest: str, blobs: Blobs) -> Path | None:
    """Give where the object lies on this machine; None when there is none."""
    file = blobs.file(key)
    if file is not None:
        return file
    copy = _copies() / digest
    if copy.exists():
        return copy
    try:
        data = blobs.get(key)
    except NotFound:
        return None
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=copy.parent, delete=False) as written:
        written.write(data)
    Path(written.name).replace(copy)
    return copy
