"""docs/strategies.md says of every strategy what it says of itself, and its example runs.

WRITE_GOLDEN=1 writes its table anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library
from algotrendy.strategy.market import Market
from algotrendy.strategy.parameters import Parameter
from fakes.bars_for_backtests import walk

PAGE = Path(__file__).parents[3] / "docs" / "strategies.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def parameter_of(parameter: Parameter) -> str:
    return (
        f"`{parameter.name}` {parameter.default:g} ({parameter.minimum:g} to {parameter.maximum:g})"
    )


def row_of(strategy: Strategy) -> str:
    told = [parameter_of(parameter) for parameter in strategy.parameters]
    told += [f"`{rule.name}` {rule.expected}" for rule in strategy.rules]
    name = f"[{strategy.name}](../shared/algotrendy/strategy/library/{strategy.name}.py)"
    cells = (name, strategy.summary, str(strategy.assets), ", ".join(told), strategy.source)
    return f"| {' | '.join(cells)} |"


def table() -> str:
    head = ("strategy", "what it does", "assets, at least", "parameters: default (range)", "source")
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(row_of, library())]
    return "\n".join(rows) + "\n"


def test_the_page_lists_every_strategy_as_it_is() -> None:
    head, _, rest = PAGE.read_text().partition(BEGIN)
    written, _, tail = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(head + BEGIN + table() + END + tail)
        return
    assert written == table()


@pytest.mark.parametrize("strategy", library(), ids=lambda strategy: strategy.name)
def test_a_strategy_lies_in_the_file_that_the_page_links_to(strategy: Strategy) -> None:
    folder = PAGE.parents[1] / "shared" / "algotrendy" / "strategy" / "library"
    assert (folder / f"{strategy.name}.py").is_file()


def test_the_page_names_all_that_a_strategy_can_read_and_call() -> None:
    text = PAGE.read_text()
    public = {name for name in dir(Market) if not name.startswith("_")}
    assert {name for name in public if not re.search(rf"\b{name}\b", text)} == set()


def test_the_example_of_the_page_runs() -> None:
    code = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"bars": walk("TEST", 300, seed=4).adjusted("raw")}
    code = code.replace("fast=10, slow=30)", 'fast=10, slow=30, mode="interpreted")')
    exec(compile(code, str(PAGE), "exec"), names)
    result = names["result"]
    assert len(result.fills) > 4
    assert {row["kind"] for row in result.orders} == {0, 2}, "market orders and stops"
    assert result.setting.strategy.summary == "Buy a cross of means, and protect it by the range."


@pytest.mark.parametrize("strategy", library(), ids=lambda strategy: strategy.name)
def test_no_parameter_hides_an_argument_of_a_backtest(strategy: Strategy) -> None:
    taken = {"bars", "strategy", "terms", "cash", "calendar", "mode"}
    assert not taken & {parameter.name for parameter in strategy.parameters}
