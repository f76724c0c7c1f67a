"""Find the account of a request by its API key."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue

KEY_HEADER = "apca-api-key-id"
SECRET_HEADER = "apca-api-secret-key"  # noqa: S105 - the name of a header


def account_of(venue: Venue, key_id: str, secret: str) -> Account | None:
    """Give the account of a key and its secret; None when they are not a pair."""
    account = venue.account_of_key(key_id)
    expected = "" if account is None else account.secret
    # As much work for a key that nobody has as for one with a wrong secret.
    right = hmac.compare_digest(expected.encode(), secret.encode(errors="replace"))
    return account if right and expected else None


def signed_in(venue: Venue, headers: Mapping[str, str]) -> Account:
    """Give the account that a request is for.

    Raises:
        Refused: 401 when keys are missing or wrong.
    """
    key_id, secret = headers.get(KEY_HEADER), headers.get(SECRET_HEADER)
    if key_id is None:
        key_id, secret = _basic(headers.get("authorization"))
    if not key_id or not secret:
        raise Refused(
            Reason.UNAUTHENTICATED,
            "request is not authorized: send APCA-API-KEY-ID and APCA-API-SECRET-KEY",
        )
    account = account_of(venue, key_id, secret)
    if account is None:
        raise Refused(Reason.UNAUTHENTICATED, "request is not authorized")
    return account


def _basic(header: str | None) -> tuple[str | None, str | None]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    key_id, _, secret = text.partition(":")
    return key_id, secret
