"""Write the page that says which adapter passed which case."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance.harness import ADAPTERS
from acceptance.suite import CASES

PAGE = "docs/brokers/acceptance.md"
Results = dict[tuple[str, str], str]

_HEAD = """# What every broker adapter has passed

`make acceptance` puts every adapter through the numbered cases below, over real HTTP and
WebSockets where the broker speaks them, and fails when this page says anything else than what it
found. `pytest tests/acceptance --write-page` writes the page; nobody writes it by hand.

**passed**: the adapter did what the case says. **refused**: the broker does not offer it, its
capability table says so, and the adapter refused it by itself, naming the field, before anything
was sent (a short sale may be refused by the venue, which alone knows what is held).

The cases stand in [tests/acceptance](../../tests/acceptance/suite.py); how an adapter is put
through them stands in [adding-a-broker.md](adding-a-broker.md).

"""


def page(results: Mapping[tuple[str, str], str]) -> str:
    """Write the table of cases by adapters."""
    header = ["", "case", *ADAPTERS]
    rows = [
        [case.number, case.title, *(_shown(results[adapter, case.number]) for adapter in ADAPTERS)]
        for case in CASES
    ]
    sums = ["", "in all", *(_sum(results, adapter) for adapter in ADAPTERS)]
    lines = [header, ["---"] * len(header), *rows, sums]
    return (
        _HEAD + "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines) + "\n"
    )


def _shown(outcome: str) -> str:
    return outcome.partition(":")[0]


def _sum(results: Mapping[tuple[str, str], str], adapter: str) -> str:
    outcomes = [_shown(outcome) for (of, _), outcome in results.items() if of == adapter]
    refused = outcomes.count("refused")
    return f"{len(outcomes) - refused} passed" + (f", {refused} refused" if refused else "")
