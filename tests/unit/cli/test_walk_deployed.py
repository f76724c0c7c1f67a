"""`algotrendy backtest walk-forward --executor stepfunctions`: asked for, followed, fetched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.notebook import DEFAULT
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.cli import backtest_walk as command
from algotrendy.cli.backtest_bars import Wanted
from algotrendy.cli.backtest_options import CalendarName
from algotrendy.cli.deployed import Patience, StudyFailedError, StudyStoppedError
from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.market_data.quality.policy import GapPolicy
from fakes.engine_walks import some_plan, some_recorder
from fakes.own_files import write_files

WALK = "01936b1e-0000-7000-8000-000000000001"
LAKE = Wanted(("AAA",))


class Api:
    """An API that is asked for a walk forward and tells its states one after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)
        self.posted: list[Any] = []
        self.files: dict[str, bytes] = {}

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def post(self, path: str, body: Any, idempotency_key: str) -> Any:
        self.posted.append((path, body, idempotency_key))
        return self.states[0]

    def get(self, path: str) -> Any:
        assert path == f"/v1/walk-forwards/{WALK}"
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def download(self, url: str) -> bytes:
        return self.files[url]


def state(status: str, done: int = 0, windows: int | None = 4, **more: Any) -> dict[str, Any]:
    progress = {"windows": windows, "windows_done": done}
    links = {"outcome": "the-outcome", "report": "the-report"}
    return {"id": WALK, "status": status, "progress": progress, "links": links, **more}


def asked(out: Path, **changes: Any) -> command.Asked:
    said: dict[str, Any] = {
        "parameters": ("fast=3,5,8", "slow=10,20"),
        "windows": {"in_sample": "100", "out_of_sample": "50", "embargo": None},
        "search": {"method": "grid", "max_runs": 100},
        "checks": None,
        "out": out,
        "as_json": False,
        **changes,
    }
    return command.Asked(**said)


def walked(
    api: Api, out: Path, wanted: Wanted = LAKE, strategy: str = "sma_cross", **changes: Any
) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    terms = changes.pop("terms", DEFAULT)
    patience = Patience(5, sleep, lambda: now[0])
    command.walk_deployed(strategy, wanted, terms, asked(out, **changes), patience, lambda: api)


def test_a_walk_is_followed_to_its_end_and_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_walk_forward(some_plan(), some_recorder()).to_text().encode()
    requested = state("requested", windows=None)
    api = Api(requested, state("running", 2), state("succeeded", 4))
    api.files = {"the-outcome": outcome, "the-report": b"<html>"}
    walked(api, tmp_path)
    assert (tmp_path / "walk-forward.json").read_bytes() == outcome
    assert (tmp_path / "report.html").read_bytes() == b"<html>"
    said = capsys.readouterr()
    assert "verdict: the gate refuses it" in said.out
    assert f"GET /v1/walk-forwards/{WALK}" in said.out
    assert "2 of 4 windows" in said.err
    [(path, body, key)] = api.posted
    assert path == "/v1/walk-forwards"
    assert key.startswith("cli-")
    spec = parse_walk_forward(body)
    assert (spec.symbols, spec.grid, spec.cross_checks) == (("AAA",), 6, None)
    assert (spec.start.year, spec.end.year) == (1900, 2100)


def test_terms_policy_and_moment_go_along_with_the_request(tmp_path: Path) -> None:
    outcome = run_walk_forward(some_plan(), some_recorder()).to_text().encode()
    api = Api(state("succeeded", 4))
    api.files = {"the-outcome": outcome, "the-report": b"<html>"}
    wanted = replace(LAKE, as_of="2024-01-08T12:00Z", gaps=GapPolicy.FILL)
    harsh = replace(DEFAULT, participation=0.25).harsh()
    walked(api, tmp_path, wanted, terms=harsh)
    spec = parse_walk_forward(api.posted[0][1])
    assert spec.terms == harsh
    assert spec.as_of == datetime(2024, 1, 8, 12, tzinfo=UTC)
    assert spec.gaps is GapPolicy.FILL


def test_the_outcome_is_printed_as_json_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run_walk_forward(some_plan(), some_recorder()).to_text().encode()
    api = Api(state("succeeded", 4))
    api.files = {"the-outcome": outcome, "the-report": b"<html>"}
    walked(api, tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out) == json.loads(outcome)


def test_a_walk_that_failed_says_why(tmp_path: Path) -> None:
    api = Api(state("failed", error="window 2 of 4 failed: no bars"))
    with pytest.raises(StudyFailedError, match="window 2 of 4 failed"):
        walked(api, tmp_path)


def test_a_walk_that_was_cancelled_elsewhere_ends_the_wait(tmp_path: Path) -> None:
    with pytest.raises(StudyStoppedError, match="was cancelled"):
        walked(Api(state("running"), state("cancelled")), tmp_path)


def test_a_walk_that_takes_too_long_says_how_to_look_and_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"it goes on: .*show {WALK}.*fetch {WALK}"):
        walked(Api(state("running", 1)), tmp_path)


def test_the_same_command_again_goes_on_with_the_walk_that_it_asked_for(tmp_path: Path) -> None:
    keys = []
    for status, slow in (("running", "10,20"), ("running", "10,20"), ("running", "10,30")):
        api = Api(state(status))
        with pytest.raises(Unavailable):
            walked(api, tmp_path, parameters=("fast=3,5", f"slow={slow}"))
        keys.append(api.posted[0][2])
    first, again, another = keys
    assert first == again != another


def test_a_walk_that_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        api = Api(state("failed", error="no bars"))
        with pytest.raises(StudyFailedError):
            walked(api, tmp_path)
        keys.append(api.posted[0][2])
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("wanted", "changes", "field_name"),
    [
        (Wanted(("AAA",), samples=True), {}, "bars"),
        (Wanted(("AAA",), files=(Path("my.csv"),)), {}, "bars"),
        (Wanted(()), {}, "symbols"),
        (Wanted(("AAA",), timeframe="1Week"), {}, "timeframe"),
        (Wanted(("AAA",), calendar=CalendarName.US), {}, "calendar"),
        (Wanted(("AAA",), style="tick:amount=2"), {}, "style"),
        (Wanted(("AAA",), actions=Path("actions.csv")), {}, "actions"),
        (Wanted(("AAA",), borrow=("AAA=0.05",)), {}, "borrow"),
        (LAKE, {"parameters": ()}, "parameters"),
        (LAKE, {"parameters": ("pace=1",)}, "parameters.pace"),
        (LAKE, {"search": {"method": "bayesian"}}, "method"),
        (LAKE, {"windows": {"in_sample": "3 years", "out_of_sample": "1y"}}, "windows.in_sample"),
    ],
)
def test_what_is_not_deployed_is_refused_before_anything_is_asked(
    tmp_path: Path, wanted: Wanted, changes: dict[str, Any], field_name: str
) -> None:
    api = Api(state("requested"))
    with pytest.raises(Invalid) as refused:
        walked(api, tmp_path, wanted, **changes)
    assert refused.value.field == field_name
    assert api.posted == []


def test_a_strategy_of_ones_own_is_run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    with pytest.raises(Invalid, match="one of the library"):
        walked(Api(state("requested")), tmp_path, strategy="cross.py")
    with pytest.raises(NotFound, match="magic"):
        walked(Api(state("requested")), tmp_path, strategy="magic")
