"""Strategies that are registered: one that was tested, and a draft."""

from __future__ import annotations

from typing import Any

import httpx

from algotrendy.live.api.version_bodies import RegistrationIn
from api_examples.asking import EVERY_ROLE, Ask
from fakes.kept_reports import a_report
from fakes.live_api import LiveApi
from fakes.live_bench import buys
from fakes.live_runs import run_id
from fakes.live_worlds import RUN
from fakes.registry_in_memory import STUDY

_NAME = "apple-cross"
_CROSS = {"name": "registered", "version": "its version"}

ASKS: dict[str, Ask] = {
    "register_strategy": Ask(),
    "list_registered_strategies": Ask(),
    "list_strategy_versions": Ask({"name": "registered"}),
    "get_strategy_version": Ask(_CROSS),
    "promote_strategy": Ask(_CROSS),
    "start_strategy": Ask(),
    "list_strategy_runs": Ask(),
    "get_strategy_run": Ask({"run_id": "run"}),
    "set_strategy_run_state": Ask({"run_id": "run"}),
    "list_strategy_run_steps": Ask({"run_id": "run"}),
    "get_strategy_run_profit": Ask({"run_id": "run"}),
    "get_run_parity": Ask({"run_id": "replayed run"}),
}


class LiveWorld:
    """Has a version of a cross of means that a walk forward has tested."""

    def __init__(self) -> None:
        self.things: dict[str, str] = {
            "registered": _NAME,
            "its version": "1",
            "replayed run": str(RUN),
            "run": str(run_id()),
        }
        self.renew()

    def renew(self) -> None:
        """Begin anew with what is registered."""
        api = LiveApi()
        self._client = api.client(*EVERY_ROLE, tenant="demo")
        (body,) = _examples(RegistrationIn)
        self._made("/v1/strategies", {**body, "name": _NAME})
        study = {"kind": "walk-forward", "id": str(STUDY)}
        wish = {"to": "tested", "reason": "the gate passes it", "study": study}
        self._made(f"/v1/strategies/{_NAME}/versions/1/promotion", wish)
        api.reports.put(a_report(days=40), ())
        api.bench.mind.says = {1: [buys(10.0)]}
        api.bench.bars.lay(0, 1)
        api.bench.advance()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, as somebody with every role."""
        return self._client.request(method, path, **options)

    def _made(self, path: str, body: dict[str, Any]) -> None:
        answer = self.send("POST", path, json=body)
        assert answer.is_success, answer.text


def _examples(model: type[RegistrationIn]) -> list[dict[str, Any]]:
    extra: Any = model.model_config["json_schema_extra"]
    return list(extra["examples"])
