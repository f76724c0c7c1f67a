"""A request may name a company as it was called once: it runs on the same bars."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.plan import make_plan
from algotrendy.backtest.request import parse_spec
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionKind, ActionsImport, CorporateAction, numbered
from algotrendy.market_data.series import session_date
from fakes.app_client import AppClient
from fakes.backtest_api import Backend
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk

META, FB = Symbol("META"), Symbol("FB")
WHOLE = walk("META", 200, seed=1)
RENAMED = session_date(WHOLE.times[120])
ASKED: dict[str, Any] = {
    "strategy": "sma_cross",
    "start": "2000-01-01",
    "end": "2000-12-31",
    "adjustment": "raw",
}


def renamed() -> MemoryBars:
    """Give bars that their source tells under the newest name alone."""
    found = MemoryBars(WHOLE)
    action = CorporateAction(FB, ActionKind.RENAME, RENAMED, None, META).validate()
    days = date(2000, 1, 1), date(2000, 12, 31)
    found.tell(ActionsImport((FB,), *days, numbered([action]), "test"))
    return found


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    found = Backend(tmp_path)
    found.bars = renamed()
    return found


@pytest.fixture
def ada(backend: Backend) -> AppClient:
    return backend.client()


def posted(client: AppClient, path: str, **more: Any) -> Any:
    return client.post(path, json={**ASKED, **more}, headers={"Idempotency-Key": path})


GRID = {"fast": ["3", "5"], "slow": ["10"]}
WINDOWS = {"windows": {"in_sample": "60", "out_of_sample": "30"}, "cross_checks": None}


@pytest.mark.parametrize("name", ["META", "FB"])
def test_every_name_of_a_company_is_admitted(ada: AppClient, name: str) -> None:
    one = {"fast": "3", "slow": "10"}
    assert posted(ada, "/v1/backtests", symbol=name, parameters=one).status_code == 202
    assert posted(ada, "/v1/sweeps", symbols=[name], parameters=GRID).status_code == 202
    walked = posted(ada, "/v1/walk-forwards", symbols=[name], parameters=GRID, **WINDOWS)
    assert walked.status_code == 202, walked.text


def test_a_former_name_has_the_same_bars() -> None:
    store = renamed()
    plans = [
        make_plan(parse_spec({**ASKED, "symbols": [name], "parameters": GRID}), store)
        for name in ("META", "FB")
    ]
    assert [plan.data[0].bars for plan in plans] == [200, 200]
    assert [plan.data[0].symbol for plan in plans] == ["META", "FB"]


def test_bars_of_before_the_newest_name_are_found_under_it(backend: Backend) -> None:
    """Stored under the name of the time, a range before the new name is no empty one."""
    early, late = walk("FB", 120, seed=1), walk("META", 200, seed=1)
    names = ("times", "open", "high", "low", "close", "volume", "factor")
    tail: Any = {name: getattr(late, name)[120:] for name in names}
    store = MemoryBars(early, type(late)(META, late.timeframe, **tail, source=late.source))
    action = CorporateAction(FB, ActionKind.RENAME, RENAMED, None, META).validate()
    days = date(2000, 1, 1), date(2000, 12, 31)
    store.tell(ActionsImport((FB,), *days, numbered([action]), "test"))
    backend.bars = store
    more = {"symbol": "META", "parameters": {"fast": "3", "slow": "10"}, "end": "2000-03-31"}
    assert posted(backend.client(), "/v1/backtests", **more).status_code == 202


def test_what_nobody_was_ever_called_is_refused_as_before(ada: AppClient) -> None:
    answer = posted(ada, "/v1/sweeps", symbols=["FBX"], parameters=GRID)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "symbols.0"
    assert error["expected"] == "a symbol with bars (META)"
    late = posted(ada, "/v1/sweeps", symbols=["FB"], parameters=GRID, start="2001-01-01",
                  end="2001-12-31")  # fmt: skip
    assert late.status_code == 422
