"""What was compiled is not taken for what the code has become."""

from __future__ import annotations

from types import FunctionType

import pytest

from algotrendy.backtest.engine.compiled.bind import CannotCompileError, teach

LEVEL = 0.5


def level() -> float:
    return LEVEL


def twice() -> float:
    return 2.0 * level()


@pytest.mark.parametrize("function", [level, twice])
def test_a_helper_whose_constant_changed_is_not_called_compiled(
    function: FunctionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(function)
    teach(function)
    monkeypatch.setitem(function.__globals__, "LEVEL", 0.9)
    with pytest.raises(CannotCompileError, match=f"{function.__name__} refers to what has changed"):
        teach(function)
