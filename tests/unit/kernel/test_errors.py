"""The error tree: what each error says, carries, and survives."""

from __future__ import annotations

import json
import pickle
from datetime import date
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import (
    MAX_ROWS_KEPT,
    AlgoTrendyError,
    Conflict,
    Forbidden,
    Invalid,
    InvalidRows,
    NotFound,
    Rejected,
    RowError,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.request_errors import TooLarge

ONE_OF_EACH: list[AlgoTrendyError] = [
    Invalid("parameters.fast", "between 2 and 500", 1),
    InvalidRows("prices.csv", [RowError(3, "close", "is not a number")]),
    Rejected("order notional must be at most 50000 USD", limit=Decimal(50000), at=date(2026, 1, 2)),
    NotFound("symbol", "APPL", "did you mean AAPL?"),
    Unauthenticated("the token has expired"),
    Forbidden(needed=["researcher"], held=["viewer"]),
    Conflict("the idempotency key was used for another sweep", key="k1"),
    TooLarge(262_144, 300_000),
    Unavailable("database", "no connection within 5 s", retry_after_s=2.0),
    Unknown("order submission", "the broker closed the connection"),
]


def names(errors: list[AlgoTrendyError]) -> list[str]:
    return [type(error).__name__ for error in errors]


def test_invalid_says_expectation_and_fact_and_names_the_field() -> None:
    error = Invalid("fast", "between 2 and 500", 1)
    assert str(error) == "fast must be between 2 and 500, was 1"
    assert error.fields() == {
        "errors": [{"field": "fast", "expected": "between 2 and 500", "actual": 1}]
    }


def test_invalid_says_missing_for_what_did_not_come() -> None:
    assert str(Invalid("tenant", "present", None)) == "tenant must be present, was missing"


def test_a_huge_value_is_cut_before_it_is_repeated() -> None:
    error = Invalid("symbol", "short", "x" * 10_000)
    assert len(str(error)) < 200
    assert len(json.dumps(error.fields())) < 300


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=names(ONE_OF_EACH))
def test_an_error_comes_back_whole_from_a_worker_process(error: AlgoTrendyError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.message == error.message
    assert back.fields() == error.fields()


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=names(ONE_OF_EACH))
def test_the_fields_of_an_error_are_strict_json(error: AlgoTrendyError) -> None:
    assert json.loads(json.dumps(error.fields(), allow_nan=False)) == error.fields()


def test_a_number_that_json_does_not_know_becomes_text() -> None:
    error = Invalid("cash", "finite", float("nan"))
    assert error.fields()["errors"] == [{"field": "cash", "expected": "finite", "actual": "nan"}]


def test_every_error_has_a_code_of_its_own_in_kebab_case() -> None:
    codes = [error.code for error in ONE_OF_EACH]
    assert len(set(codes)) == len(codes)
    assert all(code.replace("-", "").islower() for code in codes)


def test_bad_rows_are_kept_to_a_hundred_and_counted_in_full() -> None:
    rows = [RowError(line, "close", "is not a number") for line in range(2, 252)]
    error = InvalidRows("prices.csv", rows)
    assert error.count == 250
    assert len(error.rows) == MAX_ROWS_KEPT
    assert str(error) == "prices.csv has 250 bad rows; first: line 2: close is not a number"


def test_a_reader_that_stopped_collecting_gives_the_count_itself() -> None:
    error = InvalidRows("prices.csv", [RowError(2, "open", "is empty")], count=70_000)
    assert error.fields()["count"] == 70_000


def test_one_bad_row_is_not_called_rows() -> None:
    assert "has 1 bad row;" in str(InvalidRows("a.csv", [RowError(2, "open", "is empty")]))


def test_not_found_tells_what_there_is_instead() -> None:
    error = NotFound("symbol", "APPL", "did you mean AAPL?")
    assert str(error) == "symbol APPL was not found; did you mean AAPL?"
    assert error.fields() == {"kind": "symbol", "key": "APPL", "hint": "did you mean AAPL?"}


def test_a_control_character_in_a_key_does_not_reach_a_terminal() -> None:
    assert "\x1b" not in str(NotFound("symbol", "\x1b[31mAAPL"))


def test_a_request_without_a_token_is_challenged_without_an_error_code() -> None:
    assert Unauthenticated("send one", presented=False).challenge == 'Bearer realm="algotrendy"'


def test_a_bad_token_is_challenged_with_the_reason() -> None:
    assert Unauthenticated("the token has expired").challenge == (
        'Bearer realm="algotrendy", error="invalid_token", '
        'error_description="the token has expired"'
    )


def test_a_reason_cannot_break_out_of_the_challenge() -> None:
    challenge = Unauthenticated('x"\r\nSet-Cookie: a=b\\é').challenge
    assert challenge.isascii()
    assert challenge.isprintable()
    assert challenge.count('"') == 6


def test_forbidden_names_the_roles_needed_and_those_held() -> None:
    error = Forbidden(needed=["trader", "admin"], held=[])
    assert str(error) == "this needs the role admin or trader; you have no role"


def test_too_large_admits_when_reading_stopped_at_the_limit() -> None:
    assert str(TooLarge(1024)) == "body must be at most 1024 bytes, was more"


def test_unavailable_says_when_to_come_back_only_if_that_is_known() -> None:
    assert Unavailable("cache", "refused").fields() == {"service": "cache"}
    assert Unavailable("cache", "refused", 2.5).fields() == {
        "service": "cache",
        "retry_after_s": 2.5,
    }


def test_facts_of_any_shape_become_json() -> None:
    facts = {"held": frozenset({"b", "a"}), "limits": {"cash": Decimal("1.5")}, "at": (1, None)}
    assert Rejected("no", **facts).fields() == {
        "held": ["a", "b"],
        "limits": {"cash": "1.5"},
        "at": [1, None],
    }


def test_an_error_without_facts_has_no_fields() -> None:
    assert AlgoTrendyError("it went wrong").fields() == {}
