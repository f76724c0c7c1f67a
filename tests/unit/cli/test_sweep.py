"""`algotrendy sweep`: its words, its local run, its resuming."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from algotrendy.backtest.estimate import CONCURRENCY
from algotrendy.backtest.request import parse_spec
from algotrendy.cli import sweep as command
from algotrendy.cli import sweep_here
from algotrendy.cli.deployed import Patience, StudyStoppedError
from algotrendy.cli.main import app
from algotrendy.cli.sweep_estimate import deployed_concurrency
from algotrendy.cli.sweep_view import print_outcome
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, Unavailable
from algotrendy.market_data import wiring
from algotrendy.platform.settings import reset_settings
from fakes.bars_for_backtests import walk
from fixtures.interrupting import interrupted_when

ARGUMENTS = ("sweep", "sma_cross", "AAA", "BBB", "-p", "fast=4:12:4", "-p", "slow=12,16,24")
SWEEP = "01936b1e-0000-7000-8000-000000000001"
LOCAL = (
    *(*ARGUMENTS, "--executor", "local", "--workers", "1", "--mode", "interpreted"),
    *("--out", "out"),
)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", (tmp_path / "lake").as_uri())
    monkeypatch.chdir(tmp_path)
    reset_settings()
    wiring.bar_store.cache_clear()
    wiring.bar_store().replace([walk("AAA", 120, seed=1), walk("BBB", 120, seed=2)])
    yield
    wiring.bar_store.cache_clear()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("fast=5:50:5", {"start": "5", "stop": "50", "step": "5"}),
        ("fast=5,10", ["5", "10"]),
        ("fast=0.5", ["0.5"]),
    ],
)
def test_a_grid_is_read(text: str, axis: object) -> None:
    assert command.parse_grid([text]) == {"fast": axis}


@pytest.mark.parametrize(
    "text",
    [
        "fast",
        "=5",
        "fast=",
        "fast=1:2",
        "fast=a",
        "fast=nan",
        "fast=1:2:x",
        "fast=9:1:1",
        "fast=1:9:0",
    ],
)
def test_a_malformed_grid_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        command.parse_grid([text])


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="once"):
        command.parse_grid(["fast=1", "fast=2"])


def test_a_local_sweep_writes_three_files_and_leaves_nothing_else(tmp_path: Path) -> None:
    output = run(*LOCAL)
    assert "report.html" in output
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "report.html",
        "results.csv",
        "summary.json",
    ]
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    assert len(rows) == 16


def test_unfinished_work_of_the_same_request_is_gone_on_with(tmp_path: Path) -> None:
    run(*LOCAL)
    whole = (tmp_path / "out" / "results.csv").read_bytes()
    spec = parse_spec(
        {
            "strategy": "sma_cross",
            "symbols": ["AAA", "BBB"],
            "start": "1900-01-01",
            "end": "2100-01-01",
            "parameters": command.parse_grid(["fast=4:12:4", "slow=12,16,24"]),
        }
    )
    work = tmp_path / "again" / ".unfinished"
    first = sweep_here._resumed(work, spec.model_dump_json())
    assert sweep_here._resumed(work, spec.model_dump_json()) == first
    other = spec.model_copy(update={"seed": 1})
    assert sweep_here._resumed(work, other.model_dump_json()) != first
    run(*LOCAL[:-1], "again")
    assert (tmp_path / "again" / "results.csv").read_bytes() == whole
    assert not work.exists()


def test_a_dry_run_tells_time_and_cost_and_runs_no_sweep(tmp_path: Path) -> None:
    output = run(*ARGUMENTS, "--dry-run", "--mode", "interpreted")
    assert "stepfunctions" in output
    assert "GB-s" in output
    assert list(tmp_path.glob("reports*")) == []


def test_a_dry_run_gives_json_to_programs() -> None:
    found = json.loads(run(*ARGUMENTS, "--dry-run", "--json", "--mode", "interpreted"))
    assert (found["runs"], found["bars"]) == (16, 16 * 120)
    assert [course["executor"] for course in found["courses"]] == ["local", "stepfunctions", "ray"]
    assert found["courses"][1]["dollars"] > 0


def test_a_dry_run_counts_on_as_many_shards_at_once_as_the_stage_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert deployed_concurrency() == CONCURRENCY
    monkeypatch.setenv("ALGOTRENDY_STUDY_MAX_CONCURRENCY", "1")
    reset_settings()
    assert deployed_concurrency() == 1


def test_what_it_took_is_told_beside_the_estimate() -> None:
    assert "were estimated" in run(*LOCAL)


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(run(*LOCAL) and "out", "results.csv").read_bytes()
    stopped = [*LOCAL[:-1], "stopped"]
    folder = tmp_path / "stopped" / ".unfinished"
    with interrupted_when(lambda: list(folder.glob("*/plan.json")), after_s=0.5):
        done = CliRunner().invoke(app, stopped, catch_exceptions=True)
    if not isinstance(done.exception, StudyStoppedError):
        pytest.skip("the sweep was quicker than the interrupt")
    assert "the same command goes on" in str(done.exception)
    run(*stopped)
    assert (tmp_path / "stopped" / "results.csv").read_bytes() == whole


class Api:
    """An API that is asked for a sweep and tells its states one after the other."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)
        self.posted: list[Any] = []

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def post(self, path: str, body: Any, idempotency_key: str) -> Any:
        self.posted.append((path, body, idempotency_key))
        return self.states[0]

    def get(self, path: str) -> Any:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def download(self, url: str) -> bytes:
        return url.encode()


def state(status: str, done: int = 0, **more: Any) -> dict[str, Any]:
    progress = {"shards": 4, "shards_done": done, "runs": 16}
    links = {"results": "the-table", "report": "the-report"}
    return {"id": "S", "status": status, "progress": progress, "links": links, **more}


def test_a_sweep_that_was_cancelled_elsewhere_ends_the_wait(spec: Any) -> None:
    api = Api(state("running"), state("cancelled"))
    with pytest.raises(StudyStoppedError, match="was cancelled"):
        command.run_deployed(spec, Patience(10, lambda _: None), lambda: api)


@pytest.fixture
def spec() -> Any:
    return parse_spec(
        {"strategy": "sma_cross", "symbols": ["AAA"], "start": "2000-01-01", "end": "2000-12-31"}
    )


def deployed(api: Api, spec: Any, timeout_s: float = 10) -> sweep_here.Fetched:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return command.run_deployed(spec, Patience(timeout_s, sleep, lambda: now[0]), lambda: api)


def test_a_deployed_sweep_is_followed_to_its_end(spec: Any) -> None:
    api = Api(state("requested"), state("running", 2), state("succeeded", 4, summary={"runs": 16}))
    fetched = deployed(api, spec)
    assert (fetched.table, fetched.report) == (b"the-table", b"the-report")
    assert fetched.summary == {"runs": 16}
    assert api.posted[0][0] == "/v1/sweeps"


def test_a_failed_sweep_says_why(spec: Any) -> None:
    with pytest.raises(AlgoTrendyError, match="it broke"):
        deployed(Api(state("failed", error="it broke")), spec)


def test_a_sweep_that_takes_too_long_is_left_running_and_said_so(spec: Any) -> None:
    with pytest.raises(Unavailable, match="it goes on"):
        deployed(Api(state("running", 1)), spec, timeout_s=3)


def test_the_best_runs_are_shown_with_the_benchmark_beside_them(tmp_path: Path) -> None:
    run(*LOCAL)
    table = (tmp_path / "out" / "results.csv").read_bytes()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    console = Console(width=120, record=True, file=(tmp_path / "shown").open("w"))
    print_outcome(console, table, summary, tmp_path / "out")
    shown = console.export_text()
    console.file.close()
    assert "The best 5 of 16 backtests" in shown
    assert f"buying and holding {summary['best']['symbol']}" in shown


def test_the_strategies_are_listed_with_their_parameters() -> None:
    output = run("strategies")
    assert "sma_cross" in output
    assert "Closes in the fast mean" in output


def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Invalid, match="out must be a folder"):
        run(*LOCAL[:-1], "file/below")


OWN = """
from algotrendy.backtest import strategy

@strategy(parameters={"number": 1})
def mine(market, own, p):
    if p.number == 4:
        raise ZeroDivisionError("an average of nothing")
    market.invest(1.0 / p.number)
"""
OWN_BARS = "date,open,high,low,close,volume\n" + "".join(
    f"2020-01-{day:02d},{day},{day + 1},{day - 0.5},{day + 0.5},100\n" for day in range(1, 29)
)


def own_files(tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text(OWN)
    (tmp_path / "bars.csv").write_text(OWN_BARS)


def test_a_strategy_and_bars_of_ones_own_are_swept_here(tmp_path: Path) -> None:
    own_files(tmp_path)
    here = ("--executor", "local", "--workers", "1", "--mode", "interpreted", "--out", "out")
    costs = ("--fee-bps", "0", "--slippage-bps", "20", "--from", "2020-01-03")
    output = run("sweep", "my.py", "--csv", "bars.csv", "-p", "number=1,2", *costs, *here)
    assert "verdict: the gate refuses it" in output
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    assert [(row["symbol"], row["number"]) for row in rows] == [("BARS", "1"), ("BARS", "2")]
    assert {row["fees"] for row in rows} == {"0.0"}
    assert not (tmp_path / "out" / ".unfinished").exists()
    with pytest.raises(AlgoTrendyError, match=r"mine on BARS with number=4 raised|failed"):
        run("sweep", "my.py", "--csv", "bars.csv", "-p", "number=1,4", *here)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("my.py", "AAA"), "strategy"),
        (("sma_cross", "--csv", "bars.csv"), "csv"),
        (("sma_cross", "AAPL", "--samples"), "samples"),
        (("sma_cross", "AAA", "--workers", "1"), "workers"),
        (("sma_cross", "AAA", "--mode", "interpreted"), "mode"),
        (("sma_cross", "AAA", "--shard-limit", "5"), "shard_limit"),
        (("sma_cross", "AAA", "--json"), "json"),
    ],
)
def test_what_the_workflow_does_not_take_is_refused_by_the_option(
    tmp_path: Path, given: tuple[str, ...], field: str
) -> None:
    own_files(tmp_path)
    with pytest.raises(Invalid) as refused:
        run("sweep", *given)
    assert refused.value.field == field


def test_several_assets_are_swept_together(tmp_path: Path) -> None:
    here = ("--executor", "local", "--workers", "1", "--mode", "interpreted", "--out", "out")
    run(
        "sweep", "pairs_trading", "AAA", "BBB", "--together", "--short", "-p", "window=20,30", *here
    )
    table = (tmp_path / "out" / "results.csv").read_text()
    assert "1,AAA BBB,20" in table
    with pytest.raises(Invalid, match="together must be true"):
        run("sweep", "pairs_trading", "AAA", "BBB", *here)


@pytest.mark.parametrize(
    ("option", "value"), [("--style", "tick:amount=2"), ("--periods-per-year", "100")]
)
def test_what_a_sweep_cannot_count_is_refused(option: str, value: str) -> None:
    with pytest.raises(Invalid, match="must be left out of a sweep: its runs are counted by"):
        run(*LOCAL, option, value)


def test_actions_and_borrow_rates_are_for_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "actions.csv"
    paid = [f"AAA,2000-0{month}-15,dividend,1.5\n" for month in (2, 3, 4)]
    file.write_text("symbol,date,kind,value\n" + "".join(paid))
    given = ("--raw", "--actions", str(file))
    with pytest.raises(Invalid, match="actions must be left out for stepfunctions"):
        run(*ARGUMENTS, *given)
    with pytest.raises(Invalid, match="borrow must be left out for a dry run"):
        run(*ARGUMENTS, "--borrow", "AAA=0.05", "--dry-run")
    run(*LOCAL, "--raw")
    without = Path("out/results.csv").read_bytes()
    run(*LOCAL, *given)
    assert Path("out/results.csv").read_bytes() != without
