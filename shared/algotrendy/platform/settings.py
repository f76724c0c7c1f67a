"""Hold every setting of the product in one typed object.

A value comes from the environment (``ALGOTRENDY_LAKE_URL``), or, when a caller says that it needs
one that the environment does not have, from the SSM parameter of the deployed stage
(``/algotrendy/prod/lake_url``). A value of the form ``secret:NAME`` stands for a secret of Secrets
Manager, so that no password lies in an environment or a parameter.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.kernel.wording import expected_of

ENV_PREFIX = "ALGOTRENDY_"
SECRET_PREFIX = "secret:"  # noqa: S105 - the mark of a reference, not a secret

Stage = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
ObjectsUrl = Annotated[str, StringConstraints(pattern=r"^(s3://[a-z0-9]|file:///|secret:)")]
DatabaseUrl = Annotated[
    str, StringConstraints(pattern=r"^(postgres(ql)?://|dsql://[a-z0-9]|secret:)")
]
CacheUrl = Annotated[str, StringConstraints(pattern=r"^((redis|valkey)s?://|unix://|secret:)")]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
StreamFeed = Annotated[
    str,
    StringConstraints(
        # A speed of 0 would never begin.
        pattern=r"^((paper|alpaca:(iex|sip|crypto))(:json)?|ccxt:[a-z0-9_]{1,40}"
        r"|replay:[a-z][a-z0-9_]{0,39}"
        r"(@(0{0,5}[1-9]\d{0,5}(\.\d{1,6})?|0{1,6}\.0{0,5}[1-9]\d{0,5}))?)$"
    ),
]
RepairSource = Annotated[
    str, StringConstraints(pattern=r"^(alpaca:(iex|sip)|ccxt:[a-z0-9_]{1,40})$")
]
FlagsSource = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}(/[A-Za-z0-9_.-]{1,64}){2}$")
]
_WEB = "http:// or https:// and an address"
_OBJECTS = "s3://bucket/prefix, file:///folder or secret:NAME"
# In words, where a pattern says it.
_SHAPES = {
    "stage": "1 to 20 of a to z, 0 to 9 and -, the first a letter",
    "lake_url": _OBJECTS,
    "results_url": _OBJECTS,
    "audit_heads_url": _OBJECTS,
    "status_url": _OBJECTS,
    "database_url": "postgresql://..., dsql://... or secret:NAME",
    "cache_url": "redis://..., rediss://..., valkey://..., unix://... or secret:NAME",
    "order_queue_url": _WEB,
    "live_queue_url": _WEB,
    "stream_feed": "paper, alpaca:iex, alpaca:sip, alpaca:crypto (each perhaps with :json behind),"
    " ccxt:EXCHANGE, replay:DATASET or replay:DATASET@SPEED with a speed above 0",
    "stream_url": _WEB,
    "tick_failures_url": _WEB,
    "repair_source": "alpaca:iex, alpaca:sip or ccxt:EXCHANGE",
    "sign_in_url": _WEB,
    "token_issuer": _WEB,
    "token_jwks_url": _WEB,
    "api_url": _WEB,
    "exchange_url": _WEB,
    "ALGOTRENDY_AWS_ENDPOINT_URL": _WEB,
    "AWS_ENDPOINT_URL": _WEB,
    "flags_source": "APPLICATION/ENVIRONMENT/PROFILE of AppConfig",
    "log_level": "debug, info, warning, error or critical",
}


class Settings(BaseSettings):
    """Is what a deployment may decide; build one with keywords in a test, else ``settings()``."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    stage: Stage = "local"
    region: str = Field(
        "us-east-1",
        validation_alias=AliasChoices("ALGOTRENDY_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    )
    lake_url: ObjectsUrl | None = None
    results_url: ObjectsUrl | None = None
    database_url: DatabaseUrl | None = None
    cache_url: CacheUrl | None = None
    event_bus: str | None = None
    sweep_state_machine_arn: str | None = None
    walk_forward_state_machine_arn: str | None = None
    study_max_concurrency: int | None = Field(None, ge=1)
    order_queue_url: WebUrl | None = None
    order_state_machine_arn: str | None = None
    # Where runs of strategies are nudged.
    live_queue_url: WebUrl | None = None
    broker_accounts: str | None = None
    execution_port: int = Field(4590, ge=1, le=65_535)
    # Market data in real time: a feed's name, its symbols parted by commas (none: nothing is
    # streamed), chart styles parted by semicolons, the Kinesis stream of ticks, the queue of those
    # of its records that cannot be taken, the port on which clients listen, and "KEY:SECRET" of a
    # feed that wants one.
    stream_feed: StreamFeed = "paper"
    stream_symbols: str = ""
    stream_styles: str = "time:interval=1Min"
    stream_key: str | None = None
    stream_url: WebUrl | None = None
    tick_stream: str | None = None
    tick_failures_url: WebUrl | None = None
    streaming_host: str = "127.0.0.1"
    streaming_port: int = Field(4595, ge=1, le=65_535)
    # Who is asked for bars that are missing or wrong; nobody unless it is set. Alpaca takes the
    # key of the stream.
    repair_source: RepairSource | None = None
    user_pool_id: str | None = None
    user_pool_client_id: str | None = None
    console_client_id: str | None = None
    # Where managed login and /oauth2/token stand.
    sign_in_url: WebUrl | None = None
    api_key_pepper: str | None = None
    token_issuer: WebUrl | None = None
    token_jwks_url: WebUrl | None = None
    api_url: WebUrl | None = None
    # What the distribution adds to each request; without it, requests may come from anywhere.
    origin_secret: str | None = None
    exchange_url: WebUrl | None = None
    # Where the status page keeps what it knows; and of the service that shows it on a laptop, its
    # port and how often it looks.
    status_url: ObjectsUrl | None = None
    status_port: int = Field(4597, ge=1, le=65_535)
    status_interval_s: float = Field(15.0, ge=0.1, le=300)
    tenant: str = "local"
    live_trading: bool = False
    # Application, environment and profile of AppConfig; without them, every flag is its default.
    flags_source: FlagsSource | None = None
    # The ids of AppConfig's strategies "gradual/at-once"; whose admins may change flags, which hold
    # for every tenant.
    flags_strategies: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    operator_tenant: str | None = None
    # "cluster/service" of ECS, to begin anew when its brokers' keys have changed.
    execution_service: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")
    # Where heads of the audit are kept, out of reach of who writes to the database.
    audit_heads_url: ObjectsUrl | None = None
    aws_endpoint_url: WebUrl | None = Field(
        None, validation_alias=AliasChoices("ALGOTRENDY_AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL")
    )
    # Where spans go beside the log: nowhere else, or to X-Ray; and the share of the traces that
    # begin here of which it gets a copy.
    traces: Literal["log", "xray"] = "log"
    trace_share: float = Field(1.0, ge=0, le=1)
    # How many proxies of ours stand before the gateway; each adds an address to X-Forwarded-For.
    trusted_proxies: int = Field(0, ge=0, le=3)
    max_body_bytes: int = Field(262_144, ge=1, le=6_000_000)
    log_level: Annotated[str, StringConstraints(to_upper=True)] = Field(
        "INFO", pattern=r"(?i)^(debug|info|warning|error|critical)$"
    )

    def need(self, name: str) -> str:
        """Give a value that the caller cannot do without.

        Raises:
            Unavailable: If neither the environment nor SSM has it; says where it was looked for
                and which command puts it there.
        """
        value = getattr(self, name)
        if value is None:
            value = self._deployed(name)
        return _opened(str(value))

    def optional(self, name: str) -> str | None:
        """Give a value of the environment, or None; asks SSM for nothing."""
        value = getattr(self, name)
        return None if value is None else _opened(str(value))

    def _deployed(self, name: str) -> str:
        parameter = f"/algotrendy/{self.stage}/{name}"
        try:
            return _parameter(parameter)
        except (NotFound, Unavailable) as error:
            remedy = "algotrendy up" if self.stage == "local" else "cdk deploy"
            raise Unavailable(
                f"setting {name}",
                f"set {ENV_PREFIX}{name.upper()}, or run `{remedy}`, which writes the SSM "
                f"parameter {parameter} ({error.message})",
            ) from error


@functools.cache
def settings() -> Settings:
    """Read the settings, once a process.

    Raises:
        Invalid: If a value of the environment cannot be right; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise _named(error) from error


def reset_settings() -> None:
    """Forget what was read, so that the next reader sees a changed environment."""
    from algotrendy.platform import aws, flags, rate_limits

    settings.cache_clear()
    _parameter.cache_clear()
    aws.client.cache_clear()
    aws.quick_client.cache_clear()
    flags.reset_flags()
    rate_limits.reset_buckets()


# A missing parameter raises, and so is asked for again: it may be deployed a minute later.
@functools.cache
def _parameter(name: str) -> str:
    from algotrendy.platform import aws

    with aws.translated("SSM parameter", missing={"ParameterNotFound": name}):
        found: dict[str, Any] = aws.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(found["Parameter"]["Value"])


def _opened(value: str) -> str:
    if not value.startswith(SECRET_PREFIX):
        return value
    from algotrendy.platform import secrets

    return secrets.secrets().get(value.removeprefix(SECRET_PREFIX)).get_secret_value()


def _named(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = str(first["loc"][0])
    variable = name if name.isupper() else f"{ENV_PREFIX}{name.upper()}"
    # The value itself may hold a password: it is not repeated.
    return Invalid(variable, _SHAPES.get(name) or expected_of(first), "another value")
