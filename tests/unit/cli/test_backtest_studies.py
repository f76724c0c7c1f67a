"""`algotrendy backtest list`, `show`, `fetch` and `cancel`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from algotrendy.cli import backtest_studies as command
from algotrendy.cli.api_client import ApiClient
from algotrendy.cli.backtest_studies import KindName
from algotrendy.cli.main import app
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from fakes.backtest_api import Backend

RUN, SWEEP, WALK, HOME = (f"01936b1e-0000-7000-8000-00000000000{n}" for n in (1, 2, 3, 4))


def study(study_id: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    links = {"results": "the-table", "report": "the-report", "outcome": "the-outcome"}
    said = {"strategy": "sma_cross", "symbols": ["AAPL"], "requested_by": "ada"}
    return {
        "id": study_id,
        "status": status,
        "requested_at": "2026-11-23T12:00:00Z",
        "error": None,
        "links": links,
        "summary": {"runs": 3},
        **said,
        **more,
    }


class Api:
    """An API with a backtest, which is a sweep too, a sweep, and two walk-forwards."""

    def __init__(self) -> None:
        run = study(RUN)
        home = study(HOME, links={"outcome": None, "report": None}, verdict="refused: trades")
        progress = {"windows": 4, "windows_done": 1}
        self.studies = {
            "backtests": [study(RUN, symbol="AAPL", statistics={"sharpe": 0.5}, parameters={})],
            "sweeps": [study(SWEEP), run],
            "walk-forwards": [home, study(WALK, "running", progress=progress)],
        }
        self.posted: list[str] = []
        self.most = 100

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def get(self, path: str) -> Any:
        plural, _, study_id = path.removeprefix("/v1/").partition("/")
        if study_id:
            for each in self.studies[plural]:
                if each["id"] == study_id:
                    return each
            raise NotFound(plural, study_id)
        plural, _, query = plural.partition("?")
        asked = dict(word.split("=") for word in query.split("&"))
        limit, before = int(asked["limit"]), asked.get("before", "~")
        found = [each for each in self.studies[plural] if each["id"] < before]
        more = found[limit - 1]["id"] if len(found) > limit else None
        return {plural.replace("-", "_"): found[:limit], "next_before": more}

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        self.posted.append(path)
        return {"status": "cancelled"}

    def download(self, url: str) -> bytes:
        return url.encode()


def test_the_list_has_all_kinds_newest_first_and_each_once() -> None:
    found, more = command.newest(Api(), None, 20, None)
    assert [(kind.name, each["id"]) for kind, each in found] == [
        (KindName.WALK_FORWARD, HOME),
        (KindName.WALK_FORWARD, WALK),
        (KindName.SWEEP, SWEEP),
        (KindName.BACKTEST, RUN),
    ]
    assert more is None


def test_the_list_goes_on_where_it_ended_until_all_were_shown() -> None:
    api, seen, before = Api(), [], None
    while True:
        found, before = command.newest(api, None, 1, before)
        seen += [each["id"] for _, each in found]
        if before is None:
            break
    assert seen == [HOME, WALK, SWEEP, RUN]


def test_the_list_may_be_of_one_kind() -> None:
    found, _ = command.newest(Api(), KindName.SWEEP, 20, None)
    assert [each["id"] for _, each in found] == [SWEEP, RUN]


def test_a_study_is_described_with_what_can_be_done_next() -> None:
    said = "\n".join(command.described(*command.study(Api(), RUN)))
    assert f"backtest {RUN} is succeeded" in said
    assert "sharpe" in said
    assert f"algotrendy backtest fetch {RUN}" in said
    assert "running, 1 of 4 windows" in "\n".join(command.described(*command.study(Api(), WALK)))


def test_what_a_study_wrote_is_brought_home(tmp_path: Path) -> None:
    assert command.fetched(Api(), SWEEP, tmp_path) == tmp_path
    assert (tmp_path / "results.csv").read_bytes() == b"the-table"
    assert (tmp_path / "report.html").read_bytes() == b"the-report"
    assert json.loads((tmp_path / "summary.json").read_text()) == {"runs": 3}


@pytest.mark.parametrize(
    ("study_id", "words"),
    [(WALK, "nothing to fetch: it is running"), (HOME, "was run on another machine")],
)
def test_what_has_no_files_says_why(tmp_path: Path, study_id: str, words: str) -> None:
    with pytest.raises(Conflict, match=words):
        command.fetched(Api(), study_id, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_called_off_is_said_by_its_kind() -> None:
    api = Api()
    assert list(command.called_off(api, [RUN, WALK])) == [
        f"backtest {RUN} is cancelled",
        f"walk-forward {WALK} is cancelled",
    ]
    assert api.posted == [f"/v1/sweeps/{RUN}/cancel", f"/v1/walk-forwards/{WALK}/cancel"]


def test_a_word_that_is_no_id_calls_nothing_off() -> None:
    api = Api()
    with pytest.raises(Invalid, match="id must be a UUIDv7"):
        list(command.called_off(api, [RUN, "AAPL"]))
    assert api.posted == []


def test_an_id_that_nobody_has_is_not_found() -> None:
    with pytest.raises(NotFound, match="backtest list"):
        command.study(Api(), "01936b1e-0000-7000-8000-00000000000f")


def test_the_commands_are_there() -> None:
    done = CliRunner().invoke(app, ["backtest", "--help"])
    assert all(f" {name} " in done.output for name in ("list", "show", "fetch", "cancel"))


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path / "results")


@pytest.fixture
def deployed(backend: Backend) -> Iterator[ApiClient]:
    """Speak as the command line does with the app itself."""
    behind = backend.client()

    def answer(request: httpx.Request) -> httpx.Response:
        found = behind.request(
            request.method,
            request.url.raw_path.decode(),
            content=request.content,
            headers=dict(request.headers),
        )
        # What it gives is unpacked already.
        kept = {name: value for name, value in found.headers.items() if name != "content-encoding"}
        return httpx.Response(found.status_code, headers=kept, content=found.content)

    token = backend.issuer.token()
    with ApiClient("http://app.test", lambda: token, httpx.MockTransport(answer)) as api:
        yield api


def test_what_the_api_itself_answers_is_understood(
    backend: Backend, deployed: ApiClient, tmp_path: Path
) -> None:
    asked = {
        "strategy": "sma_cross",
        "start": "2000-01-01",
        "end": "2000-12-31",
        "parameters": {"fast": ["4", "5"], "slow": ["12"]},
    }
    single = {**asked, "symbol": "AAA", "parameters": {"fast": "4", "slow": "12"}}
    windows = {"in_sample": "60", "out_of_sample": "30"}
    bodies: dict[str, dict[str, Any]] = {
        "backtests": single,
        "sweeps": {**asked, "symbols": ["AAA", "BBB"]},
        "walk-forwards": {**asked, "symbols": ["AAA"], "windows": windows},
    }
    ids = {
        name: deployed.post(f"/v1/{name}", body, f"key-{name}")["id"]
        for name, body in bodies.items()
    }
    found, more = command.newest(deployed, None, 20, None)
    kinds = {each["id"]: kind.plural for kind, each in found}
    assert (kinds, more) == ({study_id: name for name, study_id in ids.items()}, None)
    for name, study_id in ids.items():
        kind, each = command.study(deployed, study_id)
        assert kind.plural == name
        assert f"{study_id} is requested" in "\n".join(command.described(kind, each))
    backend.finish(ids["sweeps"])
    said = "\n".join(command.described(*command.study(deployed, ids["sweeps"])))
    assert "sharpe" in said
    lines = list(command.called_off(deployed, [ids["backtests"], ids["walk-forwards"]]))
    assert [line.rpartition(" ")[2] for line in lines] == ["cancelled", "cancelled"]
    with pytest.raises(Conflict, match="it is cancelled"):
        command.fetched(deployed, ids["walk-forwards"], tmp_path / "out")
