"""What goes over the wire is exact, and bears what a newer API says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

import algotrendy.client as package
from algotrendy.client import models
from algotrendy.client.models import MoneyOut, OrderIn, Side
from algotrendy.client.sending import query_of
from algotrendy.client.values import Word, every, quoted

NAMES = ("cash", "held", "value", "equity", "realised", "fees", "dividends")
MONEY = dict.fromkeys(NAMES, "1") | {"interest": "0.1", "unpriced": []}


def order(**changes: object) -> OrderIn:
    return OrderIn.model_validate(
        {"account": "paper", "symbol": "AAPL", "side": "buy", "quantity": "10"} | changes
    )


def test_only_what_was_set_is_sent_and_numbers_without_an_exponent() -> None:
    sent = order(quantity=Decimal("1E3")).model_dump_json(exclude_unset=True)
    assert sent == '{"account":"paper","symbol":"AAPL","side":"buy","quantity":"1000"}'


@pytest.mark.parametrize(
    ("field", "value"), [("quantity", 0.1), ("quantity", "ten"), ("quantitty", "10")]
)
def test_a_float_and_a_field_that_nobody_knows_are_refused_before_they_are_sent(
    field: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=field):
        order(**{field: value})


def test_numbers_that_are_answered_are_exact() -> None:
    assert MoneyOut.model_validate(MONEY).interest == Decimal("0.1")


def test_a_field_that_is_new_is_kept() -> None:
    money = MoneyOut.model_validate(MONEY | {"staked": "5"})
    assert money.model_extra == {"staked": "5"}


def test_a_word_that_is_new_is_kept_and_said_to_be_so() -> None:
    assert Side("buy") is Side.BUY
    assert Side.BUY.is_known
    new = order(side="exchange").side
    assert isinstance(new, Side)
    assert (new, new.is_known) == ("exchange", False)
    with pytest.raises(ValidationError):
        order(side=5)


def test_every_model_can_be_built() -> None:
    for name in models.__all__:
        kind = getattr(models, name)
        if not issubclass(kind, Word):
            kind.model_rebuild(force=True)


def test_a_query_leaves_out_what_is_none_and_repeats_a_list() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    values = {"open": True, "since": noon, "status": [Side.BUY, "held"], "size": Decimal("1E1")}
    assert query_of(values | {"cursor": None}) == [
        ("open", "true"),
        ("since", "2026-11-22T12:00:00+00:00"),
        ("status", "buy"),
        ("status", "held"),
        ("size", "10"),
    ]


def test_a_part_of_a_path_stays_one_part() -> None:
    assert quoted("BTC/USD?x#y") == "BTC%2FUSD%3Fx%23y"
    for part in ("", ".", ".."):
        with pytest.raises(ValueError, match="name"):
            quoted(part)


def test_pages_are_asked_for_as_they_are_needed() -> None:
    asked: list[str | None] = []
    pages = {None: ([1, 2], "a"), "a": ([], "b"), "b": ([3], None)}

    def page(place: str | None) -> tuple[list[int], str | None]:
        asked.append(place)
        return pages[place]

    items = every(page, lambda it: it[0], lambda it: it[1])
    assert next(items) == 1
    assert asked == [None]
    assert list(items) == [2, 3]


def test_a_page_that_names_itself_as_the_next_ends_the_walk() -> None:
    with pytest.raises(ValueError, match="twice"):
        list(every(lambda _: [1], lambda it: it, lambda _: "same"))


def test_the_package_gives_client_errors_and_models_and_nothing_else() -> None:
    assert package.OrderIn is OrderIn
    assert package.Client.__name__ == "Client"
    assert issubclass(package.FreshSignInNeeded, package.NotAllowed)
    with pytest.raises(AttributeError, match="OrderInn"):
        package.OrderInn  # noqa: B018


def test_who_only_sends_loads_no_models() -> None:
    code = "import sys, algotrendy.client.sending as s; print('pydantic' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "False"
