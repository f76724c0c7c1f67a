"""Say in the platform's errors what ccxt's errors mean for the caller."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.profiles import profile_of
from algotrendy.brokers.ccxt.vendor import Answer
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)

VENDOR: Any = import_module("ccxt.base.errors")
CALLS = Calls("binance", profile_of("binance"))


@pytest.mark.parametrize(
    ("name", "when_reading", "when_changing"),
    [
        ("NetworkError", Unavailable, Unknown),
        ("RequestTimeout", Unavailable, Unknown),
        ("ExchangeNotAvailable", Unavailable, Unknown),
        ("OperationFailed", Unavailable, Unknown),
        ("BadResponse", Unavailable, Unknown),
        ("NullResponse", Unavailable, Unknown),
        ("OnMaintenance", Unavailable, Unavailable),
        ("InvalidNonce", Unavailable, Unavailable),
        ("RateLimitExceeded", Unavailable, Unavailable),
        ("DDoSProtection", Unavailable, Unavailable),
        ("AuthenticationError", Unauthenticated, Unauthenticated),
        ("PermissionDenied", Unauthenticated, Unauthenticated),
        ("OrderNotFound", NotFound, NotFound),
        ("DuplicateOrderId", Conflict, Conflict),
        ("InsufficientFunds", Rejected, Rejected),
        ("InvalidOrder", Rejected, Rejected),
        ("OrderImmediatelyFillable", Rejected, Rejected),
        ("BadRequest", Rejected, Rejected),
        ("ExchangeError", Rejected, Rejected),
        ("BadSymbol", Invalid, Invalid),
        ("NotSupported", Invalid, Invalid),
    ],
)
def test_an_error_is_translated(
    name: str, when_reading: type[AlgoTrendyError], when_changing: type[AlgoTrendyError]
) -> None:
    error = getattr(VENDOR, name)("binance said no")
    assert type(CALLS.translated(error, Answer(), None)) is when_reading
    assert type(CALLS.translated(error, Answer(), "order x")) is when_changing


def test_every_error_of_ccxt_is_translated() -> None:
    kinds = [k for k in vars(VENDOR).values() if isinstance(k, type) and k is not VENDOR.BaseError]
    assert len(kinds) > 30
    for kind in kinds:
        told = CALLS.translated(kind("x"), Answer(), "order x")
        # What failed on the way is never told as if the exchange had said no.
        if issubclass(kind, VENDOR.OperationFailed):
            assert isinstance(told, Unknown | Unavailable), kind
        else:
            assert isinstance(told, Invalid | Rejected | Unknown | Unavailable), kind


def test_too_many_requests_tell_when_to_come_again() -> None:
    error = VENDOR.DDoSProtection("418")
    told = CALLS.translated(error, Answer(418, "-1003", {"retry-after": "120"}), "order x")
    assert isinstance(told, Unavailable)
    assert told.retry_after_s == 120
    silent = CALLS.translated(error, Answer(429), "order x")
    assert isinstance(silent, Unavailable)
    assert silent.retry_after_s == 60


def test_keys_that_are_revoked_later_are_no_matter_of_pace() -> None:
    # ccxt takes -2015 for a ban once a request has been taken.
    error = VENDOR.DDoSProtection("binance -2015")
    assert isinstance(CALLS.translated(error, Answer(401, "-2015"), None), Unauthenticated)


def test_a_status_of_500_leaves_a_change_in_doubt_whatever_ccxt_calls_it() -> None:
    error = VENDOR.ExchangeError("binance {}")
    assert isinstance(CALLS.translated(error, Answer(500), "order x"), Unknown)


def test_an_overloaded_server_did_nothing_where_the_exchange_says_so() -> None:
    error, answer = VENDOR.OperationFailed("-1008"), Answer(503, "-1008")
    assert isinstance(CALLS.translated(error, answer, "order x"), Unavailable)
    elsewhere = Calls("kraken", profile_of("kraken"))
    assert isinstance(elsewhere.translated(error, answer, "order x"), Unknown)


def test_a_refusal_tells_the_exchanges_code() -> None:
    error = VENDOR.InsufficientFunds("Account has insufficient balance")
    told = CALLS.translated(error, Answer(400, "-2010"), "order x")
    assert told.fields() == {"kind": "insufficient_funds", "status": 400, "broker_code": "-2010"}
