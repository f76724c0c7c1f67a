"""What the tests of the simulation share."""

from __future__ import annotations

import logging
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
