from __future__ import annotations

import ast
from importlib.resources import files
from pathlib import Path

import pytest

ROOMS = ("algotrendy.backtest", "algotrendy.strategy")
SOURCES = sorted(path for room in ROOMS for path in Path(str(files(room))).rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_float_is_summed_by_the_builtin_that_rounds_as_its_python_does(source: Path) -> None:
    # sum() of floats compensates since Python 3.12; the laptop may run 3.11 and the Lambda 3.13.
    text = source.read_text(encoding="utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum"
    ]
    lines = text.splitlines()
    of_floats = [
        ast.unparse(call)
        for call in calls
        if "len(" not in ast.unparse(call) and not _is_said_whole(call, lines)
    ]
    assert of_floats == []


def _is_said_whole(call: ast.Call, lines: list[str]) -> bool:
    last = call.end_lineno or call.lineno
    return any("# whole numbers" in line for line in lines[call.lineno - 1 : last + 1])
