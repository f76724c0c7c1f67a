"""docs/indicators.md says of every indicator what the indicator says of itself.

WRITE_GOLDEN=1 writes its table anew.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path

from algotrendy.strategy.indicators import FACTORIES, Indicator
from fixtures.indicators import examples

PAGE = Path(__file__).parents[4] / "docs" / "indicators.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def call_of(factory: Callable[..., Indicator]) -> str:
    shown = []
    for name, parameter in inspect.signature(factory).parameters.items():
        if name == "timeframe":
            continue
        has_default = parameter.default is not inspect.Parameter.empty
        default = repr(parameter.default).replace("'", '"')
        shown.append(f"{name}={default}" if has_default else name)
    return f"`{factory.__name__}({', '.join(shown)})`"


def warm_up_of(indicator: Indicator, factory: Callable[..., Indicator]) -> str:
    before = str(indicator.warm_up(*indicator.resolve({})))
    takes = inspect.signature(factory).parameters
    asked = "period" in takes and takes["period"].default is inspect.Parameter.empty
    return f"{before}, for a period of {indicator.arguments[0]}" if asked else before


def row_of(factory: Callable[..., Indicator], indicator: Indicator) -> str:
    summary = (inspect.getdoc(factory) or "").partition("\n")[0].replace("``", "`")
    outputs = ", ".join(f"`{name}`" for name, _ in indicator.outputs[1:])
    takes = inspect.signature(factory).parameters
    reads = "what `on` names" if "on" in takes else ", ".join(indicator.inputs)
    cells = (call_of(factory), summary, reads, outputs, warm_up_of(indicator, factory))
    return f"| {' | '.join((*cells, indicator.source))} |"


def table() -> str:
    head = ("indicator", "what it does", "reads", "further outputs", "bars before", "source")
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    rows += [row_of(*pair) for pair in zip(FACTORIES, examples(), strict=True)]
    return "\n".join(rows) + "\n"


def test_the_page_lists_every_indicator_as_it_is() -> None:
    text = PAGE.read_text()
    head, _, rest = text.partition(BEGIN)
    written, _, tail = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(head + BEGIN + table() + END + tail)
        return
    assert written == table()
