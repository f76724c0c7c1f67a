"""Collect what the acceptance suite finds, print it as the last line, and keep it as a page.

``--write-page`` writes docs/brokers/acceptance.md; without it a run of the whole suite checks that
the page says what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

# What a case asserts is to be shown with its values, as in a test; before they are imported.
pytest.register_assert_rewrite(
    "acceptance.cases",
    "acceptance.steps",
    "acceptance.suite_answers",
    "acceptance.suite_news",
    "acceptance.suite_orders",
)

from acceptance.harness import ADAPTERS  # noqa: E402
from acceptance.page import PAGE, Results, page  # noqa: E402
from acceptance.suite import CASES  # noqa: E402

ROOT = Path(__file__).parents[2]
FOUND = "acceptance"
SUITE = "tests/acceptance/test_acceptance.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options; a run that began elsewhere in the tree has them too late, and unset."""
    group = parser.getgroup("acceptance")
    group.addoption("--write-page", action="store_true", help=f"write {PAGE} from what was found")
    group.addoption(
        "--every-adapter", action="store_true", help="fail when a case of an adapter did not run"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect in the process that hears of every test: xdist's workers report to it."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "acceptance-collector")


class Collector:
    """Hears how each case ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: Results = {}
        self._ran = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome that a test wrote down for its adapter and case."""
        if not report.nodeid.startswith(SUITE):
            return
        self._ran = True
        for name, value in report.user_properties:
            if name == FOUND and report.when == "call" and report.passed:
                adapter, number, outcome = str(value).split("|")
                self._results[adapter, number] = outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Iterator[None]:
        """Write the page or check it, and fail where something is missing."""
        complaint = self._complaint() if self._ran else None
        if complaint and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield
        if complaint:
            self._say(f"\nERROR: {complaint}")

    def _complaint(self) -> str | None:
        whole = len(self._results) == len(ADAPTERS) * len(CASES)
        if not whole:
            wanted = self._option("every_adapter") or self._option("write_page")
            return "a case of an adapter failed or did not run" if wanted else None
        file, text = ROOT / PAGE, page(self._results)
        if self._option("write_page"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            return f"{PAGE} is out of date: pytest tests/acceptance --write-page writes it"
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Say the sum, after everything else that pytest says."""
        if self._ran:
            sums = (
                f"{adapter} {sum(found == adapter for found, _ in self._results)}/{len(CASES)}"
                for adapter in ADAPTERS
            )
            self._say(f"acceptance: {', '.join(sums)}")

    def _option(self, name: str) -> bool:
        return bool(self._config.getoption(name, default=False))

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line)
