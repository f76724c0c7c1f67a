"""What a study proves is read out of what backtesting keeps of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from algotrendy.backtest import walk_forward
from algotrendy.backtest.gate import judge
from algotrendy.cli.backtest_strategies import chosen
from algotrendy.identity.permissions import Role
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import TenantId
from algotrendy.live.promoting import Bars, rule_tested
from algotrendy.live.registry import Registry, Wish
from algotrendy.live.studied import Studied, shown_by
from algotrendy.live.study_room import BacktestStudies
from algotrendy.live.versions import Code, Content, Stage, python_version
from fakes.backtest_api import Backend
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_recorder
from fakes.keys_in_memory import person
from fakes.registry_in_memory import World

ACME, RIVAL = TenantId("acme"), TenantId("rival")
SHORT: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAPL"],
    "start": "2000-01-01",
    "end": "2000-12-31",
    "parameters": {"fast": ["4", "8"], "slow": ["16"]},
    "fee_bps": "3.5",
}

OWN = '''from algotrendy.backtest import strategy
from algotrendy.strategy.indicators import sma


@strategy(parameters={"length": 10}, indicators={"mean": sma("length")})
def above(market, own, p):
    """Hold while the close is above its mean."""
    if market.position == 0.0 and market.close[-1] > own.mean:
        market.invest()
    elif market.close[-1] < own.mean:
        market.exit()
'''


def frame() -> pd.DataFrame:
    """Give 300 days of a wave."""
    close = pd.Series([100.0 + 20.0 * math.sin(day / 20.0) for day in range(300)])
    columns = {"open": close, "high": close + 1.0, "low": close - 1.0, "close": close}
    made = pd.DataFrame({**columns, "volume": 1e6})
    made.index = pd.date_range("2020-01-01", periods=300, tz="UTC")
    return made


class Past:
    """A sweep and a walk forward that are done, and one that runs."""

    def __init__(self, folder: Path) -> None:
        self.backend = Backend(folder)
        self.backend.bars = MemoryBars(walk("AAPL", 5000, seed=1))
        self._client = self.backend.client()
        self.sweep = self._asked("sweeps", SHORT)
        windows = {"in_sample": 90, "out_of_sample": 60}
        self.walk = self._asked("walk-forwards", {**SHORT, "windows": windows})
        self.running = self._asked("sweeps", {**SHORT, "seed": 1})
        self.backend.finish(self.sweep)
        self.backend.finish_walk(self.walk)
        self.room = BacktestStudies(self.backend.sweeps, self.backend.walks)

    def studied(self, kind: Any) -> Studied:
        named = self.sweep if kind == "sweep" else self.walk
        return self.room.studied(ACME, kind, UUID(named))

    def _asked(self, kind: str, body: dict[str, Any]) -> str:
        headers = {"idempotency-key": f"{kind}-{body.get('seed')}"}
        answer = self._client.post(f"/v1/{kind}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    return Past(tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("kind", ["sweep", "walk-forward"])
def test_a_study_names_its_code_its_data_and_its_terms(past: Past, kind: str) -> None:
    found = past.studied(kind)
    assert (found.kind, found.strategy, found.code) == (kind, "sma_cross", "engine 3")
    assert (found.symbols, found.timeframe) == (("AAPL",), Timeframe.DAY)
    assert found.parameters.keys() == {"fast", "slow", "units"}
    assert found.terms["fee_bps"] == 3.5
    assert len(found.sha256) == 64
    assert Studied.from_json(found.to_json()) == found


def test_the_evidence_is_what_the_gate_was_shown(past: Past) -> None:
    for study in (
        past.backend.sweeps.get(ACME, UUID(past.sweep)),
        past.backend.walks.get(ACME, UUID(past.walk)),
    ):
        verdict: Any = (study.summary or {})["verdict"]
        again = judge(shown_by(verdict))
        assert again.to_json() == verdict


def test_a_study_fits_the_version_that_says_the_same(past: Past) -> None:
    world, found = World(), past.studied("walk-forward")
    content = Content(
        code=Code.of_library(found.strategy),
        parameters=found.parameters,
        symbols=tuple(past.backend.walks.get(ACME, found.id).spec.symbols),  # type: ignore[arg-type]
        terms=past.backend.walks.get(ACME, found.id).spec.terms,
    )
    made = world.registry.register(person("ada", Role.RESEARCHER), "trend", content)
    trials = past.room.trials(ACME, found.symbols, found.first, found.last)
    ruling = rule_tested(made, found, trials, Bars())
    assert [each.words for each in ruling.conditions if not each.passed] == []
    assert {check.name for check in ruling.checks if not check.passed} >= {"trades"}
    assert next(each for each in ruling.checks if each.name == "trials").actual == trials >= 2


def test_a_sweep_alone_has_nothing_out_of_sample_to_show(past: Past) -> None:
    world = World()
    registry = Registry(
        world.store,
        past.room,
        world.paper,
        lambda: world.switches,
        lambda *_: 0,
        world.clock,
        world.registry.ids,
    )
    found = past.studied("sweep")
    content = Content(
        code=Code.of_library(found.strategy),
        parameters=found.parameters,
        symbols=("AAPL",),  # type: ignore[arg-type]
        terms=past.backend.sweeps.get(ACME, found.id).spec.terms,
    )
    ada = person("ada", Role.RESEARCHER)
    registry.register(ada, "trend", content)
    wish = Wish(Stage.TESTED, "the best of the grid", ("sweep", found.id))
    with pytest.raises(Exception, match=r"out-of-sample Sharpe ratio must be .*, was not shown"):
        registry.promote(ada, "trend", 1, wish)


def test_a_study_of_another_tenant_or_of_another_kind_is_not_found(past: Past) -> None:
    with pytest.raises(NotFound, match="sweep"):
        past.room.studied(RIVAL, "sweep", UUID(past.sweep))
    with pytest.raises(NotFound, match="walk-forward"):
        past.room.studied(ACME, "walk-forward", UUID(past.sweep))


def test_a_study_that_is_not_done_proves_nothing(past: Past) -> None:
    with pytest.raises(Conflict, match="is requested, so it proves nothing"):
        past.room.studied(ACME, "sweep", UUID(past.running))


def test_a_walk_forward_of_ones_own_file_is_one_of_its_registered_text(
    past: Past, tmp_path: Path
) -> None:
    file = tmp_path / "above_of_mine.py"
    file.write_text(OWN, encoding="utf-8")
    mine = chosen(str(file)).strategy
    recorder = some_recorder()
    done = walk_forward(
        {"AAPL": frame()},
        mine,
        {"length": [5, 10]},
        {"in_sample": 100, "out_of_sample": 50},
        recorder=recorder,
        mode="interpreted",
        checks=None,
    )
    kept = past.backend.walks.keep(done, recorder)
    found = past.room.studied(recorder.tenant, "walk-forward", kept.id)
    code = Code("above", found.code, OWN, python_version())
    content = Content(
        code=code,
        parameters=found.parameters,
        symbols=("AAPL",),  # type: ignore[arg-type]
        terms=kept.spec.terms,
    )
    assert code.load().name == found.strategy
    made = World().registry.register(person("ada", Role.RESEARCHER), "above", content)
    ruling = rule_tested(made, found, found.evidence.trials or 0, Bars())
    assert [each.words for each in ruling.conditions if not each.passed] == []
