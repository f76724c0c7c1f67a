"""What the tests of the simulation share."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from collections.abc import Iterator

import pytest

from simulation.hunt import quiet


@pytest.fixture(autouse=True)
def _quiet_for_a_while() -> Iterator[None]:
    """Keep the platform's log quiet, and let the tests of other rooms hear it again."""
    logger = logging.getLogger("algotrendy")
    before = logger.level
    quiet()
    yield
    logger.setLevel(before)
    _forget_the_dead()


def _forget_the_dead() -> None:
    """Collect what killed processes left half done here, and not in somebody else's test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
        # A service that is collected says good-bye, to a loop that Python makes up for it.
        asyncio.set_event_loop(None)
        gc.collect()
