"""Write files so that a reader, or a kill, finds the old one or the new, never a part."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from algotrendy.kernel.errors import Invalid


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a file to write to, which takes the place of ``path`` if all goes well.

    Raises:
        Invalid: If the folder cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Invalid("path", "a file that can be written", f"{path}: {error.strerror}") from error
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise Invalid("path", "a file that can be written", f"{path}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file whole or not at all, and give its path."""
    target = Path(path)
    with replaced(target) as partial:
        partial.write_bytes(data)
    return target
