"""What stands behind the API of backtesting in a test: real app, real tokens, stores in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from algotrendy.backtest.api import access, create_api
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.lifecycle import Sweep, WalkStudy
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.by_window import plan_windows, reduce_windows, run_window
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.identity.app import token_verifier
from algotrendy.identity.idempotent import doing_once
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import SeededIds, parse_sweep_id, parse_walk_forward_id
from algotrendy.platform.blobs import FolderBlobs
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks
from fakes.once_in_memory import OnceInMemory
from fakes.study_runner import MemoryRunner
from fakes.study_store import MemorySweepStore, MemoryWalkStore
from fakes.sweep_world import some_bars


@dataclass
class Backend:
    """What stands behind the API, and a client for each who calls."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    published: int = 0

    def __post_init__(self) -> None:
        self.store = MemorySweepStore()
        self.trials = TrialLedger(MemoryTrials(), self.clock, SeededIds(8, self.clock))
        self.sweeps = Sweeps(
            self.store,
            self.clock,
            SeededIds(7, self.clock),
            self.trials,
        )
        self.walk_store = MemoryWalkStore()
        self.walks = WalkForwards(self.walk_store, self.clock, SeededIds(9, self.clock))
        self.blobs = FolderBlobs(self.folder)
        self.bars = some_bars()
        self.runner = MemoryRunner()
        self.issuer = Issuer(self.clock)
        self.app, once = create_api(), OnceInMemory()
        verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), self.clock)
        self.app.dependency_overrides |= {
            token_verifier: lambda: verifier,
            doing_once: lambda: lambda: once,
            access.sweeps: lambda: self.sweeps,
            access.trials: lambda: self.trials,
            access.walk_forwards: lambda: self.walks,
            access.results: lambda: self.blobs,
            access.bar_store: lambda: self.bars,
            access.runner: lambda: self.runner,
            access.walk_runner: lambda: self.runner,
            access.publish: lambda: self._publish,
        }

    def client(self, *groups: str, token: str | None = None) -> AppClient:
        bearer = self.issuer.token(*groups) if token is None else token
        return AppClient(self.app, {"Authorization": f"Bearer {bearer}"})

    def finish(self, sweep_id: str) -> Sweep:
        sweep = self.store.get(parse_sweep_id(sweep_id))
        outcome = run_sweep(
            sweep.id,
            sweep.spec,
            self.blobs,
            self.bars,
            InProcess(self.blobs, self.bars, "interpreted"),
            mode="interpreted",
        )
        self.sweeps.record_planned(sweep.id, outcome.runs, 1)
        return self.sweeps.record_success(sweep.id, outcome.summary)

    def finish_walk(self, walk_id: str) -> WalkStudy:
        walk = self.walk_store.get(parse_walk_forward_id(walk_id))
        recorder = Recorder(self.trials, walk.tenant, walk.requested_by, walk.correlation_id)
        stores = self.blobs, self.bars
        windows = plan_windows(walk.id, walk.spec, *stores).windows
        self.walks.record_planned(walk.id, windows)
        for number in range(1, windows + 1):
            run_window(walk.id, number, *stores, recorder, "interpreted")
        reduce_windows(walk.id, *stores, recorder, "interpreted")
        return self.walks.record_success(walk.id, read_summary(walk.id, self.blobs))

    def _publish(self) -> None:
        self.published += 1
