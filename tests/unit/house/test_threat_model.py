"""The threat model: each threat names tests, and the tests are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
THREATS = re.findall(r"^\| ([STRIDE]\d+)\. (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def test_every_letter_of_stride_has_threats_in_their_order() -> None:
    numbers: dict[str, list[int]] = {}
    for name, *_ in THREATS:
        numbers.setdefault(name[0], []).append(int(name[1:]))
    assert numbers.keys() == set("STRIDE")
    assert all(each == list(range(1, len(each) + 1)) for each in numbers.values())


@pytest.mark.parametrize(("name", "cell"), [(name, tests) for name, _, _, tests in THREATS])
def test_a_threat_names_tests_that_are_there(name: str, cell: str) -> None:
    named = re.findall(r"`([^`]+)`", cell)
    assert named, f"{name} names no test"
    for each in named:
        path, _, function = each.partition("::")
        files = sorted(ROOT.glob(path))
        assert files, f"{name}: there is no {path}"
        if function and function != "*":
            assert function in _functions(files[0]), f"{name}: {path} has no {function}"


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
