"""Read the parts' log files, and keep them from growing without end."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from algotrendy.kernel.errors import NotFound
from algotrendy.local.home import Home

LARGEST_LOG_BYTES = 10_000_000
_FOLLOW_PAUSE_S = 0.3


def rotate_logs(folder: Path, largest_bytes: int = LARGEST_LOG_BYTES) -> None:
    """Move the content of every log that grew too large to <name>.log.1.

    Copied and cut rather than renamed: a running server keeps its file open, in append mode, and
    goes on writing at the new end. Lines that come between copy and cut are lost.
    """
    for log in folder.glob("*.log"):
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > largest_bytes:
                shutil.copyfile(log, log.with_name(f"{log.name}.1"))
                with log.open("r+b") as file:
                    file.truncate(0)


def log_files(home: Home, part: str | None) -> list[Path]:
    """The log of one part, or all of them, by name.

    Raises:
        NotFound: If the part has no log; the hint names those that have.
    """
    files = sorted(home.logs.glob("*.log"))
    if part is None:
        return files
    chosen = [file for file in files if file.stem == part]
    if not chosen:
        names = ", ".join(file.stem for file in files)
        raise NotFound("log", part, f"there are {names}" if names else "nothing was started yet")
    return chosen


def last_lines(file: Path, count: int) -> list[str]:
    """The end of a log, oldest line first."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        return [line.rstrip("\n") for line in deque(lines, maxlen=count)]


def follow(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each complete line that is written from now on, for ever; copes with rotation."""
    return _new_lines(files, {file: file.stat().st_size for file in files})


def _new_lines(files: list[Path], positions: dict[Path, int]) -> Iterator[tuple[Path, str]]:
    rests = dict.fromkeys(files, b"")
    while True:
        for file in files:
            size = file.stat().st_size if file.exists() else 0
            if size < positions[file]:
                positions[file], rests[file] = 0, b""
            if size == positions[file]:
                continue
            with file.open("rb") as source:
                source.seek(positions[file])
                found = rests[file] + source.read(size - positions[file])
            positions[file] = size
            *complete, rests[file] = found.split(b"\n")
            for line in complete:
                yield file, line.decode("utf-8", errors="replace")
        time.sleep(_FOLLOW_PAUSE_S)
