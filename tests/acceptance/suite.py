"""Give all the numbered cases."""

from __future__ import annotations

from acceptance import suite_answers, suite_news
from acceptance.cases import Case
from acceptance.suite_orders import SUITE

# The cases of a module are entered when it is imported, in this order.
PARTS = (suite_answers, suite_news)
CASES: tuple[Case, ...] = tuple(SUITE.cases)
