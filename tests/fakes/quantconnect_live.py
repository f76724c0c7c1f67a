"""Keep deployments as QuantConnect would: the bridge runs in them for real."""

from __future__ import annotations

import copy
from decimal import Decimal

from algotrendy.kernel.clock import Clock
from fakes.lean_engine import Deployment, ObjectStore
from fakes.lean_market import Kind, PaperMarket, PaperOrder
from fakes.quantconnect_projects import Json, ProjectCloud, RefusedError, StoredProject, page_of

MAX_LOG_LINES = 250
NODE = "LN-1"


class LiveCloud(ProjectCloud):
    """Deployments, one a project.

    Attributes:
        market: What the next deployment trades on; made anew by ``open_market``.
        log_is_late: Whether a log does not show yet what its algorithm says.
        submissions: Commands to place an order that came here, failed ones included.
    """

    def __init__(self, clock: Clock, polls: int) -> None:
        super().__init__(clock, polls)
        self.stores: dict[int, ObjectStore] = {}
        self.submissions = 0
        self.log_is_late = False
        self.open_market("ACME", Decimal(100_000))
        self._calls |= {
            "projects/nodes/read": self._nodes,
            "live/create": self._deploy,
            "live/read": self._read_live,
            "live/list": self._list_live,
            "live/update/stop": self._stop,
            "live/update/liquidate": self._liquidate,
            "live/orders/read": self._live_orders,
            "live/portfolio/read": self._portfolio,
            "live/logs/read": self._logs,
            "live/commands/create": self._command,
        }

    def open_market(self, symbol: str, cash: Decimal) -> None:
        """Give the next deployment a market and an account of its own."""
        self.market = PaperMarket(symbol, cash, self.clock.now)

    def freeze(self, frozen: bool) -> None:
        """Let snapshots of orders stand as they are, as between two of the cloud's."""
        for project in self.projects.values():
            if live := project.deployment:
                live.snapshot = None
                live.snapshot = copy.deepcopy(live.orders()) if frozen else None

    def _nodes(self, body: Json) -> Json:
        busy = any(self._is_running(project) for project in self.projects.values())
        node = {"id": NODE, "name": "L-MICRO", "busy": busy, "hasGpu": 0}
        return {"nodes": {"backtest": [], "live": [node], "research": []}}

    def _is_running(self, project: StoredProject) -> bool:
        return project.deployment is not None and project.deployment.status == "Running"

    def _live(self, body: Json) -> Deployment:
        found = self._project(body).deployment
        if found is None:
            raise RefusedError("Live algorithm not found")
        return found

    def _running(self, body: Json) -> Deployment:
        found = self._live(body)
        if found.status != "Running":
            raise RefusedError(f"Live algorithm is not running: {found.status}")
        return found

    def _deploy(self, body: Json) -> Json:
        project = self._project(body)
        if body["compileId"] not in project.builds:
            raise RefusedError("Compile id not found")
        if body["nodeId"] != NODE or self._is_running(project):
            raise RefusedError(f"Node {body['nodeId']} is unknown or busy")
        made = Deployment(
            project.files["main.py"],
            project.id,
            f"L-{next(self._numbers)}",
            self.market,
            self.stores.setdefault(project.id, ObjectStore()),
            self.clock.now(),
        )
        if body["brokerage"]["id"] != "QuantConnectBrokerage":
            made.brokerage = body["brokerage"]["id"]
        project.deployment = made
        project.log.append("launched")
        return {"live": self._told(project, made), "projectId": project.id, "versionId": -1}

    def _told(self, project: StoredProject, live: Deployment) -> Json:
        return {
            "projectId": project.id,
            "projectName": project.name,
            "deployId": live.deploy_id,
            "status": live.status,
            "brokerage": live.brokerage,
            "launched": live.launched.strftime("%Y-%m-%d %H:%M:%S"),
            "stopped": live.stopped and live.stopped.strftime("%Y-%m-%d %H:%M:%S"),
        }

    def _read_live(self, body: Json) -> Json:
        live = self._live(body)
        told = self._told(self._project(body), live)
        return {**told, "runtimeStatistics": {"Equity": "$100,000.00"}, "message": ""}

    def _list_live(self, body: Json) -> Json:
        found = [
            self._told(project, project.deployment)
            for project in self.projects.values()
            if project.deployment is not None
        ]
        wanted = body.get("status")
        return {"live": [live for live in found if wanted in (None, live["status"])]}

    def _stop(self, body: Json) -> Json:
        live = self._running(body)
        live.status, live.stopped = "Stopped", self.clock.now()
        return {}

    def _liquidate(self, body: Json) -> Json:
        live = self._running(body)
        market = live.market
        for order in list(market.orders.values()):
            market.cancel(order)
        if market.held:
            out = PaperOrder(
                0, market.symbol, Kind.MARKET, -market.held, "Liquidated", False, self.clock.now()
            )
            market.submit(out)
        live.status, live.stopped = "Liquidated", self.clock.now()
        return {}

    def _live_orders(self, body: Json) -> Json:
        return page_of(self._live(body).orders(), body)

    def _portfolio(self, body: Json) -> Json:
        return {"portfolio": self._live(body).market.portfolio()}

    def _logs(self, body: Json) -> Json:
        live = self._live(body)
        if body["algorithmId"] != live.deploy_id:
            raise RefusedError("Algorithm id not found")
        if body["endLine"] - body["startLine"] > MAX_LOG_LINES:
            raise RefusedError("endLine - startLine must be at most 250")
        before = self._project(body).log
        told = [] if self.log_is_late else live.logged
        lines = [*before, *(f"2026-11-20 15:00:00 {line}" for line in told)]
        chosen = lines[body["startLine"] : body["endLine"]]
        return {"logs": chosen, "length": len(lines), "deploymentOffset": len(before) - 1}

    def _command(self, body: Json) -> Json:
        self._running(body).command(body["command"])
        return {}
