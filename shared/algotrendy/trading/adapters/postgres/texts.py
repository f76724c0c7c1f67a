"""Turn records into the text of a row, and the values of a row into records."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import orjson

from algotrendy.kernel.ids import AccountId
from algotrendy.trading.accounts import PART
from algotrendy.trading.documents import from_document, to_document

T = TypeVar("T")


def written(record: object) -> str:
    """Write a record as the text of its document."""
    return orjson.dumps(to_document(record)).decode()


def read(kind: type[T], text: str) -> T:
    """Read a record from the text of its document."""
    return from_document(kind, orjson.loads(text))


def decimal_of(stored: Decimal) -> Decimal:
    """Drop the zeros that the column's scale adds."""
    short = stored.normalize()
    return short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1))  # type: ignore[operator]


def scope_of(account: AccountId) -> str:
    """Name the column by which rows of an account with all its parts, or of a part, are found."""
    return "account" if PART in account else "root"
