"""A walk forward of a strategy that never ends with one value of its parameter."""

from __future__ import annotations

from pathlib import Path

from algotrendy.backtest.validation.running import Walk
from algotrendy.backtest.validation.walk_workers import window_job
from algotrendy.backtest.workers import Job
from algotrendy.platform.blobs import FolderBlobs
from algotrendy.strategy import library
from fakes.endless_strategy import SOMETIMES_ENDLESS
from fakes.engine_walks import some_plan, some_recorder


def some_walk(folder: str, numbers: tuple[int, ...]) -> Walk:
    """Plan the walk over some values of its parameter; the strategy is found here from now on."""
    library._ALL.setdefault(SOMETIMES_ENDLESS.name, SOMETIMES_ENDLESS)
    plan = some_plan(strategy=SOMETIMES_ENDLESS.name, parameters={"number": list(numbers)})
    return Walk(plan, some_recorder(), FolderBlobs(Path(folder)))


def open_walk(folder: str, numbers: tuple[int, ...]) -> Job:
    """Open the walk in a worker."""
    return window_job(some_walk(folder, numbers))
