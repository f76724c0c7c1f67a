"""Build what looks after market data on a schedule: the lake's files, and bars that are missing."""

from collections.abc import Mapping

from aws_cdk import Duration
from constructs import Construct

from infra_cdk.capabilities.market_data import CAPABILITY, MarketDataStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.queue import DeadLetters
from infra_cdk.patterns.schedule import Schedule

KEEP_LAKE = FunctionSpec(
    capability=CAPABILITY,
    name="keep_lake",
    summary="Puts the lake's small files together and forgets versions long past.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data", "lake"),
    memory_mb=3008,
    timeout_s=900,
    ephemeral_mb=2048,
)
REPAIR_BARS = FunctionSpec(
    capability=CAPABILITY,
    name="repair_bars",
    summary="Asks a source for bars that are missing or wrong.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data", "lake", "history"),
    memory_mb=1769,
    timeout_s=900,
)
FETCH_DAILY = FunctionSpec(
    capability=CAPABILITY,
    name="fetch_daily",
    summary="Fetches daily bars of sessions that are over, and tells of them.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data", "lake", "history"),
    memory_mb=1769,
    timeout_s=900,
)


class MarketDataUpkeep(Construct):
    """Hold the functions that keep market data whole and quick to read."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        store: MarketDataStore,
        operations: OperationsStore,
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self._store = store
        bus = {"ALGOTRENDY_EVENT_BUS": operations.bus_name}
        self.keeper = self._scheduled("KeepLake", KEEP_LAKE, Duration.hours(1))
        # Nobody else deletes: a file goes when no version of the last month needs it.
        store.lake.grant_delete(self.keeper, "*")
        self.repairer = self._scheduled(
            "RepairBars", REPAIR_BARS, Duration.hours(6), self._source() | bus
        )
        # It asks nobody until a session is over, and then soon.
        self.fetcher = self._scheduled(
            "FetchDaily", FETCH_DAILY, Duration.minutes(15), self._source() | bus
        )
        for function in (self.repairer, self.fetcher):
            operations.grant_publish(function)
            self._grant_key(function)

    def _grant_key(self, function: Function) -> None:
        if self._foundation.config.repair_source:
            function.grant(
                "ReadSourceKey",
                ["secretsmanager:GetSecretValue"],
                [arn(self, "secretsmanager", f"secret:{self._key}-*")],
                because="Secrets Manager adds six letters to the name when the secret is made.",
            )

    @property
    def _key(self) -> str:
        return f"algotrendy/{self._foundation.config.stage}/stream-key"

    def _source(self) -> dict[str, str]:
        source = self._foundation.config.repair_source
        if source is None:
            return {}
        return {
            "ALGOTRENDY_REPAIR_SOURCE": source,
            "ALGOTRENDY_STREAM_KEY": f"secret:{self._key}",
        }

    def _scheduled(
        self,
        id_: str,
        spec: FunctionSpec,
        every: Duration,
        environment: Mapping[str, str] | None = None,
    ) -> Function:
        dead_letters = DeadLetters(
            self,
            f"{id_}Failures",
            foundation=self._foundation,
            name=self._foundation.config.name(CAPABILITY, spec.name, "failures"),
        )
        function = Function(
            self,
            id_,
            foundation=self._foundation,
            spec=spec,
            environment={"ALGOTRENDY_LAKE_URL": self._store.lake.url, **(environment or {})},
            failures=dead_letters.queue,
        )
        self._store.lake.grant_read(function, "*")
        self._store.lake.grant_write(function, "*")
        Schedule(
            self,
            f"{id_}Schedule",
            foundation=self._foundation,
            function=function,
            dead_letters=dead_letters,
            every=every,
        )
        return function
