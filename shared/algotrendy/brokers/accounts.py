"""Say which account at which broker: the settings that a person writes, checked by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from algotrendy.brokers.live import Switches
from algotrendy.kernel.errors import Invalid

Text = Annotated[str, Field(min_length=1, max_length=200)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=500)]
Url = Annotated[str, Field(pattern=r"^(https?|wss?)://[^\s]+$")]


class _Account(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Text = "default"
    live: bool = Field(False, description="The account's switch; the stage has the other one.")

    def switches(self, stage: bool) -> Switches:
        """Put both switches side by side."""
        return Switches(stage=stage, account=self.live)


class AlpacaAccount(_Account):
    """An account at Alpaca, or at the paper exchange with its ``url``."""

    broker: Literal["alpaca"] = "alpaca"
    key_id: Text
    secret: Secret
    url: Url | None = None
    stream_url: Url | None = None


class QuantConnectAccount(_Account):
    """A deployed bridge algorithm at QuantConnect."""

    broker: Literal["quantconnect"] = "quantconnect"
    user_id: Text
    token: Secret
    project_id: Annotated[int, Field(ge=1)]
    url: Url | None = None


class CcxtAccount(_Account):
    """An account at a crypto exchange that ccxt knows, and the pairs that it trades there."""

    broker: Literal["ccxt"] = "ccxt"
    exchange: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    symbols: tuple[Text, ...] = ()
    key: Text
    secret: Secret
    password: Secret | None = None
    url: Url | None = None


class SimulatedAccount(_Account):
    """A paper exchange in this process, with a market drawn from a seed; it forgets."""

    broker: Literal["simulated"] = "simulated"
    cash: Annotated[Decimal, Field(gt=0, le=10**12)] = Decimal(100_000)
    seed: Annotated[int, Field(ge=0)] = 0
    speed: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    always_open: bool = True


BrokerAccountSettings = Annotated[
    AlpacaAccount | QuantConnectAccount | CcxtAccount | SimulatedAccount,
    Field(discriminator="broker"),
]
_SETTINGS: TypeAdapter[BrokerAccountSettings] = TypeAdapter(BrokerAccountSettings)


def read_account(values: dict[str, Any]) -> BrokerAccountSettings:
    """Check the settings of an account; ``broker`` says which broker's they are.

    Raises:
        Invalid: Naming the field; a secret is never repeated.
    """
    try:
        return _SETTINGS.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # The first part of a place is the broker, which is no field.
        place = [str(part) for part in first["loc"]]
        field = ".".join(place[1:]) or "broker"
        raise Invalid(field, first["msg"].removeprefix("Input should be "), "not") from error
