"""Keep what QuantConnect would keep, and answer each call of its REST API as documented."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.kernel.clock import Clock
from fakes.lean_market import Kind, PaperOrder
from fakes.quantconnect_live import LiveCloud
from fakes.quantconnect_projects import Json, RefusedError, page_of

STATISTICS = {
    "Total Orders": "12",
    "Sharpe Ratio": "1.234",
    "Net Profit": "5.678%",
    "Drawdown": "2.300%",
}


class Cloud(LiveCloud):
    """The state behind the server: builds, backtests and optimizations beside the rest."""

    def __init__(self, clock: Clock, polls: int = 3) -> None:
        super().__init__(clock, polls)
        self.optimizations: dict[str, Json] = {}
        self._calls |= {
            "compile/create": self._create_compile,
            "compile/read": self._read_compile,
            "backtests/create": self._create_backtest,
            "backtests/read": self._read_backtest,
            "backtests/list": self._list_backtests,
            "backtests/update": self._update_backtest,
            "backtests/delete": self._delete_backtest,
            "backtests/orders/read": self._backtest_orders,
            "backtests/chart/read": self._backtest_chart,
            "optimizations/estimate": self._estimate,
            "optimizations/create": self._create_optimization,
            "optimizations/read": self._read_optimization,
            "optimizations/abort": self._abort_optimization,
        }

    def _create_compile(self, body: Json) -> Json:
        project = self._project(body)
        number = f"c{next(self._numbers)}-build"
        project.builds[number] = self.build_polls
        return {"compileId": number, "state": "InQueue", "projectId": project.id, "logs": []}

    def _read_compile(self, body: Json) -> Json:
        project = self._project(body)
        number = body["compileId"]
        if number not in project.builds:
            raise RefusedError("Compile id not found")
        project.builds[number] = left = project.builds[number] - 1
        if left > 0:
            return {"compileId": number, "state": "InQueue", "logs": []}
        for name, text in project.files.items():
            try:
                compile(text, name, "exec")
            except SyntaxError as error:
                words = f"Build Error: File: {name} Line:{error.lineno} {error.msg}"
                return {"compileId": number, "state": "BuildError", "logs": [words]}
        words = "Build Request Successful"
        return {"compileId": number, "state": "BuildSuccess", "logs": [words]}

    def _backtest(self, body: Json) -> Json:
        found = self._project(body).backtests.get(body.get("backtestId", ""))
        if found is None:
            raise RefusedError("Backtest not found")
        return found

    def _create_backtest(self, body: Json) -> Json:
        project = self._project(body)
        if body["compileId"] not in project.builds:
            raise RefusedError("Compile id not found")
        number = f"b{next(self._numbers)}"
        project.backtests[number] = made = {
            "backtestId": number,
            "projectId": project.id,
            "name": body["backtestName"],
            "parameterSet": body.get("parameters", []),
            "status": "In Queue...",
            "completed": False,
            "progress": 0,
            "created": "2026-11-20 10:00:00",
            "statistics": [],
            "error": None,
        }
        return {"backtest": made, "debugging": False}

    def _read_backtest(self, body: Json) -> Json:
        found = self._backtest(body)
        if not found["completed"] and not found["error"]:
            found["progress"] = round(min(1, found["progress"] + 1 / self.polls), 4)
            if "boom" in "".join(self._project(body).files.values()):
                found["error"], found["status"] = "Runtime Error: boom", "Runtime Error"
            elif found["progress"] > 0.999:
                found.update(completed=True, status="Completed.", progress=1, statistics=STATISTICS)
        return {"backtest": dict(found), "debugging": False}

    def _list_backtests(self, body: Json) -> Json:
        found = list(self._project(body).backtests.values())
        return {"backtests": found, "count": len(found)}

    def _update_backtest(self, body: Json) -> Json:
        found = self._backtest(body)
        found.update({name: body[name] for name in ("name", "note") if name in body})
        return {}

    def _delete_backtest(self, body: Json) -> Json:
        del self._project(body).backtests[self._backtest(body)["backtestId"]]
        return {}

    def _backtest_orders(self, body: Json) -> Json:
        self._backtest(body)
        made = []
        for number in range(1, 251):
            order = PaperOrder(
                number, "ACME", Kind.MARKET, Decimal(1), f"o{number}", False, self.clock.now()
            )
            made.append(order.as_json())
        return page_of(made, body)

    def _backtest_chart(self, body: Json) -> Json:
        found = self._backtest(body)
        found["chart_polls"] = found.get("chart_polls", 0) + 1
        if found["chart_polls"] < self.polls:
            return {"progress": found["chart_polls"] / self.polls, "status": "loading"}
        series = {"Equity": {"name": "Equity", "values": [[body["start"], 100000.0]]}}
        return {"chart": {"name": body["name"], "chartType": 0, "series": series}}

    def _estimate(self, body: Json) -> Json:
        self._project(body)
        return {"estimate": {"estimateId": "e1", "time": 60, "balance": 10}}

    def _create_optimization(self, body: Json) -> Json:
        project = self._project(body)
        number = f"O-{next(self._numbers)}"
        self.optimizations[number] = made = {
            "optimizationId": number,
            "projectId": project.id,
            "name": body["name"],
            "status": "New",
        }
        return {"optimizations": [made]}

    def _optimization(self, body: Json) -> Json:
        found = self.optimizations.get(body.get("optimizationId", ""))
        if found is None:
            raise RefusedError("Optimization not found")
        return found

    def _read_optimization(self, body: Json) -> Json:
        return {"optimization": self._optimization(body)}

    def _abort_optimization(self, body: Json) -> Json:
        self._optimization(body)["status"] = "Aborted"
        return {}
