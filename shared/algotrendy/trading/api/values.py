"""Say how numbers go over the wire: decimals as strings, never as floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
)

from algotrendy.kernel.decimals import EXACT, parse_decimal, plain
from algotrendy.kernel.errors import Invalid

_PATTERN = r"^-?\d+(\.\d+)?$"


def shown(value: Decimal) -> str:
    """Write a decimal without an exponent and without zeros that say nothing."""
    return plain(EXACT.normalize(value))


def _read(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    # A JSON float has lost digits before it came here; an integer has not.
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError('a decimal in a string, such as "187.15"')
    try:
        return parse_decimal(str(value), "value")
    except Invalid as error:
        raise ValueError(error.expected) from error


DecimalOut = Annotated[
    Decimal,
    PlainSerializer(shown, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN}, mode="serialization"),
]
DecimalIn = Annotated[
    Decimal,
    BeforeValidator(_read),
    WithJsonSchema({"type": "string", "pattern": _PATTERN}, mode="validation"),
]


class Body(BaseModel):
    """Is what a request may say; a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def refuse_nul(cls, value: object) -> object:
        """Refuse the one character that the database keeps nowhere."""
        texts = [value] if isinstance(value, str) else []
        if isinstance(value, dict):
            texts = [text for pair in value.items() for text in pair if isinstance(text, str)]
        if any("\x00" in text for text in texts):
            raise ValueError("text without a NUL character")
        return value


def example(value: dict[str, Any], summary: str = "") -> dict[str, Any]:
    """Give an example as OpenAPI names it."""
    return {"summary": summary, "value": value} if summary else {"value": value}
