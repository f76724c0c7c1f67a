"""Say everything that differs between the stages, in one typed place."""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROOT = Path(__file__).resolve().parents[1]

StageName = Literal["local", "dev", "prod"]
STAGES: tuple[StageName, ...] = ("local", "dev", "prod")

LogRetentionDays = Literal[7, 30, 365]
Tenant = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$")]
DomainArn = Annotated[
    str, Field(pattern=r"^arn:aws:es:[a-z0-9-]+:\d{12}:domain/[a-z][a-z0-9-]{2,27}$")
]


class ConfigurationError(Exception):
    """A stage cannot be described: the message says which setting, and who provides it."""


class Frozen(BaseModel):
    """Refuse unknown fields and later changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PackageTarget(Frozen):
    """Name the machine that a Lambda layer is built for.

    ``python`` is the interpreter to build for when it is on this machine; without one the wheels
    are picked for ``uv_platform`` and ``python_version`` from afar.
    """

    python_version: str
    machine: Literal["arm64", "x86_64"]
    uv_platform: str | None = None
    python: Path | None = None


class LocalPlatform(Frozen):
    """Hold what `algotrendy up` has started before it deploys."""

    endpoint_url: Annotated[str, Field(pattern=r"^https?://")]
    database_url: Annotated[str, Field(pattern=r"^postgres(ql)?://")]
    cache_url: Annotated[str, Field(pattern=r"^rediss?://")] | None


class Cache(Frozen):
    """Limit the cache of bars."""

    max_gb: Annotated[int, Field(ge=1, le=100)] = 5
    max_ecpu_per_second: Annotated[int, Field(ge=1000)] = 5_000


class Network(Frozen):
    """Size the private network that services run in, and the cache where there is one."""

    cidr: str = "10.40.0.0/16"
    zones: Annotated[int, Field(ge=2, le=3)] = 2
    nat_gateways: Annotated[int, Field(ge=1, le=3)] = 1
    cache: Cache | None = None


class Throttle(Frozen):
    """Limit the requests that the gateway lets through for everybody together."""

    rate_per_s: Annotated[int, Field(ge=1)]
    burst: Annotated[int, Field(ge=1)]


class Streaming(Frozen):
    """Say what market data is streamed, and how it travels.

    Attributes:
        symbols: Parted by commas; with none, the cloud runs no streaming service.
        styles: Chart styles of every symbol, parted by semicolons.
        shards: Of the stream of ticks; None: as many as it takes, on demand.
        window_s: How long ticks may be gathered before they are taken; 0: not at all.
    """

    feed: Annotated[str, Field(pattern=r"^[a-z]+(:[a-z0-9_@.]+)?$")] = "paper"
    symbols: Annotated[str, Field(pattern=r"^[A-Za-z0-9./_,\- ]*$")] = ""
    styles: Annotated[str, Field(pattern=r"^[a-z-]+(:[^;]*)?(;[a-z-]+(:[^;]*)?)*$")] = (
        "time:interval=1Min"
    )
    shards: Annotated[int, Field(ge=1, le=100)] | None = None
    window_s: Annotated[int, Field(ge=0, le=60)] = 1


class Edge(Frozen):
    """Say which domain leads to the API, and what stands before it.

    Attributes:
        domain: Such as ``api.example.com``.
        certificate_arn: Of the domain, in us-east-1, where CloudFront looks for it.
        origin: The API's own host, as its first deploy told it.
        requests_in_5_minutes: That one address may make before the firewall refuses.
    """

    domain: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")]
    certificate_arn: Annotated[str, Field(pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/.+$")]
    origin: Annotated[str, Field(pattern=r"^[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com$")]
    requests_in_5_minutes: Annotated[int, Field(ge=100, le=2_000_000_000)] = 5_000


class StageConfig(Frozen):
    """Describe one stage. What a stage leaves out, it leaves out here."""

    stage: StageName
    account: str | None = None
    region: str | None = None
    package_target: PackageTarget
    retain_data: bool
    log_retention_days: LogRetentionDays
    tracing: bool
    snap_start: bool
    threat_protection: bool
    alarm_email: str | None = None
    cors_origins: tuple[Origin, ...] = ()
    throttle: Throttle
    study_max_concurrency: Annotated[int, Field(ge=1, le=10_000)]
    queue_max_concurrency: Annotated[int, Field(ge=2, le=1000)]
    # Who is asked for bars that are missing; nobody where it is not given.
    repair_source: Annotated[str, Field(pattern=r"^alpaca:(iex|sip)$")] | None = None
    # Whose admins change flags, which hold for every tenant; nobody does where it is not given.
    operator_tenant: Tenant | None = None
    # One of three switches without which no order costs money: docs/flags.md.
    live_trading: bool = False
    # How often people are asked for new keys of brokers; the secret must be there by then.
    rotate_keys_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    streaming: Streaming = Streaming()
    network: Network | None = None
    edge: Edge | None = None
    # Where logs are searched beside CloudWatch: nowhere, or an OpenSearch domain.
    log_search_domain_arn: DomainArn | None = None
    local: LocalPlatform | None = None

    @property
    def is_local(self) -> bool:
        """Tell whether the emulator on this machine is the target."""
        return self.local is not None

    @property
    def prefix(self) -> str:
        """Start the name of everything that carries a name of its own."""
        return f"algotrendy-{self.stage}"

    def name(self, *parts: str) -> str:
        """Join a physical name such as ``algotrendy-dev-backtest-run-shard``."""
        return "-".join((self.prefix, *parts)).replace("_", "-")

    @property
    def origin_secret_name(self) -> str:
        """Name the secret by which the API knows requests that came through the edge."""
        return f"algotrendy/{self.stage}/origin"

    def parameter(self, setting: str) -> str:
        """Name the SSM parameter that carries a field of the application's Settings."""
        return f"/algotrendy/{self.stage}/{setting}"


# For reading the local template alone: `algotrendy up` passes what it has started.
LOCAL_ENDPOINT = "http://127.0.0.1:4566"
LOCAL_DATABASE = "postgresql://127.0.0.1/algotrendy"

CLOUD_TARGET = PackageTarget(
    python_version="3.13", machine="arm64", uv_platform="aarch64-manylinux_2_28"
)


def stage_config(stage: str, environment: Mapping[str, str]) -> StageConfig:
    """Build the configuration of one stage.

    Args:
        stage: local, dev or prod.
        environment: The process environment; read for the account and region, the alarm address,
            the console's origins, what is streamed (ALGOTRENDY_STREAM_FEED, _SYMBOLS, _STYLES), who
            is asked for bars that are missing (ALGOTRENDY_REPAIR_SOURCE), whose admins change flags
            (ALGOTRENDY_OPERATOR_TENANT), how often brokers' keys are rotated
            (ALGOTRENDY_ROTATE_KEYS_DAYS), the live switch (ALGOTRENDY_LIVE_TRADING), what runs on
            this machine when the stage is local (ALGOTRENDY_LOCAL_ENDPOINT_URL, _DATABASE_URL,
            _CACHE_URL, _PYTHON), the edge (ALGOTRENDY_EDGE_DOMAIN, _CERTIFICATE_ARN, _ORIGIN,
            _REQUESTS_IN_5_MINUTES), and where logs are searched
            (ALGOTRENDY_LOG_SEARCH_DOMAIN_ARN).

    Raises:
        ConfigurationError: If the stage is unknown, or a value is malformed.
    """
    builders = {"local": _local, "dev": _dev, "prod": _prod}
    if stage not in builders:
        raise ConfigurationError(f"stage must be one of {', '.join(STAGES)}, was {stage!r}")
    try:
        return builders[stage](environment)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise ConfigurationError(f"stage {stage}: {problems}") from error


def _local(environment: Mapping[str, str]) -> StageConfig:
    endpoint = environment.get("ALGOTRENDY_LOCAL_ENDPOINT_URL", LOCAL_ENDPOINT)
    return StageConfig(
        stage="local",
        account=environment.get("CDK_DEFAULT_ACCOUNT"),
        region=environment.get("CDK_DEFAULT_REGION"),
        package_target=_this_machine(environment),
        retain_data=False,
        log_retention_days=7,
        tracing=False,
        snap_start=False,
        threat_protection=False,
        cors_origins=_origins(environment),
        throttle=Throttle(rate_per_s=1000, burst=2000),
        study_max_concurrency=max(2, min(8, os.cpu_count() or 2)),
        queue_max_concurrency=2,
        repair_source=environment.get("ALGOTRENDY_REPAIR_SOURCE") or None,
        operator_tenant=environment.get("ALGOTRENDY_OPERATOR_TENANT") or "demo",
        streaming=_streaming(environment, shards=1, window_s=0),
        local=LocalPlatform(
            endpoint_url=endpoint.rstrip("/"),
            database_url=environment.get("ALGOTRENDY_LOCAL_DATABASE_URL", LOCAL_DATABASE),
            cache_url=environment.get("ALGOTRENDY_LOCAL_CACHE_URL") or None,
        ),
    )


def _dev(environment: Mapping[str, str]) -> StageConfig:
    return StageConfig(
        stage="dev",
        account=environment.get("CDK_DEFAULT_ACCOUNT"),
        region=environment.get("CDK_DEFAULT_REGION"),
        package_target=CLOUD_TARGET,
        retain_data=True,
        log_retention_days=30,
        tracing=True,
        snap_start=True,
        threat_protection=False,
        alarm_email=environment.get("ALGOTRENDY_ALARM_EMAIL") or None,
        cors_origins=_origins(environment),
        throttle=Throttle(rate_per_s=50, burst=100),
        study_max_concurrency=50,
        queue_max_concurrency=5,
        repair_source=environment.get("ALGOTRENDY_REPAIR_SOURCE") or None,
        operator_tenant=environment.get("ALGOTRENDY_OPERATOR_TENANT") or None,
        live_trading=environment.get("ALGOTRENDY_LIVE_TRADING") or False,
        rotate_keys_days=environment.get("ALGOTRENDY_ROTATE_KEYS_DAYS") or None,
        streaming=_streaming(environment, shards=1),
        network=Network(),
        edge=_edge(environment),
        log_search_domain_arn=environment.get("ALGOTRENDY_LOG_SEARCH_DOMAIN_ARN") or None,
    )


def _prod(environment: Mapping[str, str]) -> StageConfig:
    return StageConfig(
        stage="prod",
        account=environment.get("CDK_DEFAULT_ACCOUNT"),
        region=environment.get("CDK_DEFAULT_REGION"),
        package_target=CLOUD_TARGET,
        retain_data=True,
        log_retention_days=365,
        tracing=True,
        snap_start=True,
        threat_protection=True,
        alarm_email=environment.get("ALGOTRENDY_ALARM_EMAIL") or None,
        cors_origins=_origins(environment),
        throttle=Throttle(rate_per_s=500, burst=1000),
        study_max_concurrency=500,
        queue_max_concurrency=20,
        repair_source=environment.get("ALGOTRENDY_REPAIR_SOURCE") or None,
        operator_tenant=environment.get("ALGOTRENDY_OPERATOR_TENANT") or None,
        live_trading=environment.get("ALGOTRENDY_LIVE_TRADING") or False,
        rotate_keys_days=environment.get("ALGOTRENDY_ROTATE_KEYS_DAYS") or None,
        streaming=_streaming(environment),
        network=Network(cache=Cache()),
        edge=_edge(environment),
        log_search_domain_arn=environment.get("ALGOTRENDY_LOG_SEARCH_DOMAIN_ARN") or None,
    )


def _edge(environment: Mapping[str, str]) -> Edge | None:
    """Read the edge; with one of its variables all of them are needed."""
    names = ("domain", "certificate_arn", "origin", "requests_in_5_minutes")
    given = {name: environment.get(f"ALGOTRENDY_EDGE_{name.upper()}") for name in names}
    named = {name: value for name, value in given.items() if value}
    return Edge.model_validate(named) if named else None


def _streaming(
    environment: Mapping[str, str], shards: int | None = None, window_s: int = 1
) -> Streaming:
    names = ("feed", "symbols", "styles")
    given = {name: environment.get(f"ALGOTRENDY_STREAM_{name.upper()}") for name in names}
    named = {name: value for name, value in given.items() if value}
    return Streaming.model_validate({**named, "shards": shards, "window_s": window_s})


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    listed = environment.get("ALGOTRENDY_CORS_ORIGINS", "")
    return tuple(origin.strip() for origin in listed.split(",") if origin.strip())


def _this_machine(environment: Mapping[str, str]) -> PackageTarget:
    # The emulator runs every function in its own interpreter, whatever runtime the template names.
    default = ROOT / ".venv-emulator" / "bin" / "python"
    python = Path(environment.get("ALGOTRENDY_LOCAL_PYTHON") or default)
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", question], check=True, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(
            f"the emulator's interpreter {python} does not run ({error}); "
            "`make setup` builds it, or name another in ALGOTRENDY_LOCAL_PYTHON"
        ) from error
    machine = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    return PackageTarget(
        python_version=answer.stdout.strip(), machine=machine, python=python.absolute()
    )
