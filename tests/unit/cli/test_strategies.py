from __future__ import annotations

import pytest

from algotrendy.cli.strategies import strategies
from algotrendy.strategy.library import library


def test_every_strategy_is_listed_and_those_of_several_assets_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    strategies()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    names = [strategy.name for strategy in library()]
    assert [line for line in lines if line in names] == names
    several = [strategy for strategy in library() if strategy.assets > 1]
    assert lines.count("Trades 2 assets or more, so not in a sweep.") == len(several) == 4
