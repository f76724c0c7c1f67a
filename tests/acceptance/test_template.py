"""Put the template adapter through the cases that its guide promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acceptance.cases import Case, Outcome
from acceptance.suite import CASES
from acceptance.test_acceptance import OneVenue

# docs/brokers/adding-a-broker.md names them.
PROMISED = CASES
REFUSED = frozenset(
    f"A{number:02d}" for number in (3, 4, 5, 8, 9, 10, 11, 13, 14, 16, 17, 18, 19, 31, 32, 49)
)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneVenue]:
    opened = OneVenue("template", tmp_path_factory.mktemp("template"))
    yield opened
    opened.close()


@pytest.mark.parametrize("case", PROMISED, ids=lambda case: case.number)
def test_the_template_passes_a_case(venue: OneVenue, case: Case) -> None:
    expected = Outcome.REFUSED if case.number in REFUSED else Outcome.PASSED
    assert venue.judge(case) == expected
