"""Bars over HTTP under a company's former name, and under one that another company took up."""

from __future__ import annotations

from datetime import date

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionKind, ActionsImport, CorporateAction, numbered
from fakes.market_data_api import World, made

OLD, NEW = Symbol("OLD"), Symbol("NEW")
RENAMED = date(2020, 1, 10)


@pytest.fixture
def world() -> World:
    found = World()
    found.store.replace([made("NEW", price=30.0)])
    action = CorporateAction(OLD, ActionKind.RENAME, RENAMED, None, NEW).validate()
    days = date(2020, 1, 1), date(2020, 12, 31)
    found.store.tell(ActionsImport((OLD,), *days, numbered([action]), "test"))
    return found


def test_a_former_name_gives_the_company(world: World) -> None:
    bars = world.get("/v1/bars/NEW").json()["bars"]
    assert world.get("/v1/bars/OLD").json()["bars"] == bars
    (series,) = world.get("/v1/bars?symbols=OLD").json()["series"]
    assert len(series["bars"]) == len(bars)


def test_a_day_decides_between_two_companies_of_one_name(world: World) -> None:
    world.store.replace([made("OLD", price=90.0)])
    for path in ("/v1/bars/OLD?", "/v1/bars?symbols=OLD&"):
        now = world.get(f"{path}start=2020-01-20&end=2020-01-20").text
        then = world.get(f"{path}start=2020-01-20&end=2020-01-20&named=2020-01-05").text
        assert '"open":109.0' in now
        assert '"open":49.0' in then


def test_a_day_belongs_to_the_cursor_and_not_to_a_style(world: World) -> None:
    cursor = world.get("/v1/bars/OLD?named=2020-01-05&limit=3").json()["next_cursor"]
    assert world.get(f"/v1/bars/OLD?limit=3&cursor={cursor}").status_code == 422
    day = "start=2024-03-01&end=2024-03-01&named=2020-01-05"
    answer = world.get(f"/v1/bars?symbols=OLD&style=tick:amount=2&{day}")
    assert answer.json()["errors"][0]["field"] == "named"
