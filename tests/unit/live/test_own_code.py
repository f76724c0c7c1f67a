"""Own code is registered as text, which nobody runs before a run does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from algotrendy.cli.backtest_strategies import chosen
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.live.versions import MOST_SOURCE, Code, python_version
from algotrendy.strategy.fingerprint import code_hash
from algotrendy.strategy.own_code import strategy_of_text
from fakes.registry_in_memory import some_content

TEXT = '''"""Of my own."""

from algotrendy.backtest import strategy
from algotrendy.strategy.indicators import sma

STEP = 2.0


def enough(market, p):
    return market.close[-1] > p.level * STEP


@strategy(parameters={"level": 1.5}, indicators={"mean": sma(4)}, state={"seen": 0.0})
def steep(market, own, p):
    """Buy above a level."""
    own.seen += 1.0
    if market.position == 0.0 and own.mean > p.level and enough(market, p):
        market.invest()
'''


def own(text: str = TEXT, **changes: str) -> Code:
    version = changes.get("version") or code_hash(strategy_of_text(text))
    return Code("steep", version, text, changes.get("python", python_version()))


def test_text_has_the_hash_that_backtests_of_its_file_count_by(tmp_path: Path) -> None:
    file = tmp_path / "steep_of_mine.py"
    file.write_text(TEXT, encoding="utf-8")
    assert code_hash(chosen(str(file)).strategy) == code_hash(strategy_of_text(TEXT))


def test_what_is_loaded_is_what_was_registered() -> None:
    content = some_content(code=own(), parameters={"level": 2.5})
    strategy = content.strategy()
    assert (strategy.name, strategy.summary) == ("steep", "Buy above a level.")
    assert content.code.sha256 == code_hash(strategy)
    assert content.to_json()["code"]["source"] == TEXT


def test_registering_runs_none_of_the_code() -> None:
    some_content(code=own(TEXT + "\nraise SystemExit(3)\n", version="ab" * 32), parameters={})


def test_a_parameter_that_is_none_is_found_where_the_code_runs() -> None:
    with pytest.raises(Invalid, match=r"parameters\.height"):
        some_content(code=own(), parameters={"height": 1}).strategy()


def test_code_with_another_hash_is_not_run() -> None:
    with pytest.raises(Conflict, match="is not what was registered"):
        own(version="ab" * 32).load()


def test_under_another_python_the_text_alone_tells() -> None:
    assert own(version="ab" * 32, python="3.99").load().name == "steep"


def test_of_several_the_named_one_is_meant() -> None:
    other = TEXT.replace("def steep", "def flat")
    both = TEXT + other[other.index("@strategy") :]
    assert own(both, version="ab" * 32, python="3.99").load().name == "steep"


def test_a_class_in_the_text_finds_its_module() -> None:
    text = "from dataclasses import dataclass\n\n\n@dataclass\nclass Level:\n    x: float = 1.0\n"
    found = strategy_of_text(text + "\n\ndef flat(market, own, p):\n    market.exit()\n")
    assert found.decide.__module__ in sys.modules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", "source must be Python"),
        ("x" * (MOST_SOURCE + 1), "source must be 1 to 65,536 bytes"),
        ("(" * 5_000 + ")" * 5_000, "source must be Python"),
        ("", "source must be 1 to"),
    ],
    ids=["broken", "long", "deep", "empty"],
)
def test_text_that_could_not_run_is_refused(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        Code("steep", "ab" * 32, text, "3.12")


def test_a_hash_is_a_hash_and_a_name_a_name() -> None:
    with pytest.raises(Invalid, match="code_hash"):
        Code("steep", "engine 3", TEXT, "3.12")
    with pytest.raises(Invalid, match="strategy"):
        Code("my strategy", "ab" * 32, TEXT, "3.12")


def test_a_strategy_of_the_library_goes_by_the_engine() -> None:
    code = Code.of_library("sma_cross")
    assert (code.load().name, code.is_own, len(code.sha256)) == ("sma_cross", False, 64)
    old = Code("sma_cross", "engine 1")
    assert old.sha256 != code.sha256
    with pytest.raises(Conflict, match="registered with engine 1"):
        old.load()
