"""Build the way of ticks from the streaming service to the lake: a stream, and who consumes it."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra_cdk.capabilities.market_data import CAPABILITY, MarketDataStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.patterns.foundation import Foundation, removal
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.permissions import Grantee
from infra_cdk.patterns.queue import DeadLetters
from infra_cdk.patterns.settings import publish_settings

ON_TICKS = FunctionSpec(
    capability=CAPABILITY,
    name="on_ticks",
    summary="Takes ticks into the lake, and makes bars of them.",
    trigger=Trigger.STREAM,
    layers=("code", "core", "data", "lake"),
    memory_mb=1769,
    timeout_s=120,
)
BATCH_SIZE = 500
# A record that can never be taken the function puts away by itself. What it gives back waits for a
# store that does not answer: trying for long loses nothing, and giving up would.
RETRIES = 1000
LONGEST_WAIT = Duration.hours(12)
LATE = Duration.minutes(1)
MANY_REFUSED = 100

# The datasets that ticks end in, and the states of bars: nothing else of the lake is written.
WRITES = (
    "ticks/*",
    "quarantined_ticks/*",
    "tick_fixes/*",
    "stream_holes/*",
    "chart_bars/*",
    "streaming/*",
)
READ_STREAM = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class TickStream(Construct):
    """Hold the stream of ticks, the function that takes them, and where it puts what it cannot."""

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
        config = foundation.config
        self._foundation = foundation
        self.failures = DeadLetters(
            self, "Failures", foundation=foundation, name=config.name("tick-failures")
        )
        shards = config.streaming.shards
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=config.name("ticks"),
            stream_mode=kinesis.StreamMode.PROVISIONED if shards else kinesis.StreamMode.ON_DEMAND,
            shard_count=shards,
            encryption=kinesis.StreamEncryption.MANAGED,
            retention_period=Duration.hours(24),
            removal_policy=removal(config),
        )
        cache = {"ALGOTRENDY_CACHE_URL": foundation.cache_url} if foundation.cache_url else {}
        self.consumer = Function(
            self,
            "OnTicks",
            foundation=foundation,
            spec=ON_TICKS,
            environment={
                "ALGOTRENDY_LAKE_URL": store.lake.url,
                "ALGOTRENDY_STREAM_STYLES": config.streaming.styles,
                "ALGOTRENDY_TICK_FAILURES_URL": self.failures.queue.queue_url,
                "ALGOTRENDY_EVENT_BUS": operations.bus_name,
                **cache,
            },
            vpc=True,
        )
        store.lake.grant_read(self.consumer, "*")
        store.lake.grant_write(self.consumer, *WRITES)
        operations.grant_publish(self.consumer)
        self.consumer.grant("ReadTicks", READ_STREAM, [self.stream.stream_arn])
        self._map()
        self.alarms = self._alarms()
        publish_settings(self, config, tick_stream=self.stream.stream_name)

    @property
    def graphs(self) -> Mapping[str, Sequence[cloudwatch.IMetric]]:
        """Give what a dashboard shows of ticks, by title."""
        minute = Duration.minutes(1)
        counted = ("TicksStored", "TicksRepeated", "TicksQuarantined", "BarsClosed")
        return {
            "Ticks": [self._metric(name, minute) for name in counted],
            "Ticks waiting, ms": [self._age(minute)],
            "Ticks lost or stuck": [
                self._metric(name, minute)
                for name in (
                    "TickRecordsMissing",
                    "TickRecordsPoisoned",
                    "BarsStuck",
                    "StreamHoles",
                    "StreamSilences",
                )
            ],
        }

    def grant_put(self, grantee: Grantee) -> None:
        """Let the streaming service put ticks on the stream."""
        actions = ["kinesis:PutRecords", "kinesis:DescribeStreamSummary"]
        grantee.grant("PutTicks", actions, [self.stream.stream_arn])

    def _map(self) -> None:
        window_s = self._foundation.config.streaming.window_s
        self.consumer.function.add_event_source_mapping(
            "Ticks",
            event_source_arn=self.stream.stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(window_s) if window_s else None,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=RETRIES,
            max_record_age=LONGEST_WAIT,
            on_failure=sources.SqsDlq(self.failures.queue),
        )

    def _alarms(self) -> list[cloudwatch.AlarmBase]:
        config, minute = self._foundation.config, Duration.minutes(1)
        late = self._age(minute).create_alarm(
            self,
            "Late",
            alarm_name=config.name("ticks-late"),
            alarm_description="Ticks wait in the stream: on_ticks fails, or is too slow.",
            threshold=LATE.to_milliseconds(),
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        told = {
            "TickRecordsMissing": "Records of ticks never came: look at what Lambda gave up.",
            "BarsStuck": "A chart style cannot take a symbol's trades: read the log of on_ticks.",
            "StreamHoles": "A feed's trades or fixes were not told: see /v1/quality for which.",
        }
        counted = [
            self._metric(name, minute).create_alarm(
                self,
                name,
                alarm_name=config.name("ticks", name),
                alarm_description=description,
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for name, description in told.items()
        ]
        # One silence is mended by a new connection; a feed that stays silent is not.
        silent = self._metric("StreamSilences", Duration.minutes(15)).create_alarm(
            self,
            "Silent",
            alarm_name=config.name("ticks-silent"),
            alarm_description="A feed says nothing while its market is open: look at its provider.",
            threshold=1,
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        # Some are bad on any day; many are a feed, or a clock, that is wrong.
        refused = self._metric("TicksQuarantined", Duration.minutes(15)).create_alarm(
            self,
            "Quarantined",
            alarm_name=config.name("ticks-quarantined"),
            alarm_description="Many ticks are refused: see the reasons in quarantined_ticks.",
            threshold=MANY_REFUSED,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        return [self._foundation.alarm(alarm) for alarm in (late, *counted, silent, refused)]

    def _age(self, period: Duration) -> cloudwatch.Metric:
        return self.consumer.function.metric("IteratorAge", period=period, statistic="Maximum")

    def _metric(self, name: str, period: Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AlgoTrendy",
            metric_name=name,
            dimensions_map={"service": CAPABILITY},
            period=period,
            statistic="Sum",
        )
