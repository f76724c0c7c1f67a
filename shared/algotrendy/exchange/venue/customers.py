"""Write a new account, and change what an account may do."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.orders import identity
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.decimals import decimals_of

MULTIPLIERS = (1, 2, 4)
MAX_CASH = Decimal(10) ** 12
MAX_KEY = 128
_SWITCHES = ("shorting", "fractional", "blocked")


def new_account(
    seed: int,
    number: int,
    key_id: str,
    secret: str,
    cash: Decimal,
    now: datetime,
    multiplier: int,
) -> Account:
    """Write the account of a number; raise Refused for what no account can have."""
    for field, text in (("key_id", key_id), ("secret", secret)):
        if not (1 <= len(text) <= MAX_KEY and text.isascii() and text.isprintable()):
            raise Refused(Reason.INVALID, f"{field} must be 1 to {MAX_KEY} ASCII characters")
    if not (cash.is_finite() and 0 <= cash <= MAX_CASH and decimals_of(cash) <= 2):
        raise Refused(Reason.INVALID, f"cash must be 0 to {MAX_CASH} in cents, was {cash!s:.40}")
    _check_multiplier(multiplier)
    digest = hashlib.blake2b(f"{seed}/number/{number}".encode(), digest_size=6).digest()
    return Account(
        id=identity(seed, "account", number),
        number="PA3" + b32encode(digest).decode()[:9],
        key_id=key_id,
        secret=secret,
        cash=cash,
        multiplier=multiplier,
        created_at=now,
        last_equity=cash,
    )


def change_settings(account: Account, settings: Mapping[str, bool | int]) -> None:
    """Change an account's settings, all or none."""
    for name, value in settings.items():
        if name == "multiplier":
            _check_multiplier(value)
        elif name not in _SWITCHES:
            known = ", ".join((*_SWITCHES, "multiplier"))
            raise Refused(Reason.INVALID, f"{name[:40]} is no setting: there are {known}")
        elif not isinstance(value, bool):
            raise Refused(Reason.INVALID, f"{name} must be true or false, was {value}")
    for name, value in settings.items():
        setattr(account, name, value)


def _check_multiplier(value: bool | int) -> None:
    if isinstance(value, bool) or value not in MULTIPLIERS:
        raise Refused(Reason.INVALID, f"multiplier must be 1, 2 or 4, was {value}")
