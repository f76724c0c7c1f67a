"""Registered strategies: versions that are never changed, and stages that never go back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from uuid import UUID

import pytest

from algotrendy.backtest.engine.terms import Terms
from algotrendy.identity.permissions import Role
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict, Forbidden, FreshSignInNeeded, Invalid, NotFound
from algotrendy.kernel.ids import TenantId
from algotrendy.live.promoting import PromotionRefused
from algotrendy.live.registry import Wish
from algotrendy.live.registry_ports import LiveSwitches, PaperRecord
from algotrendy.live.studied import Studied
from algotrendy.live.versions import Stage, StrategyVersion
from fakes.keys_in_memory import person
from fakes.registry_in_memory import GOOD, STUDY, World, some_content, some_study

ADA = person("ada", Role.RESEARCHER)
TIM = person("tim", Role.TRADER)
RITA = person("rita", Role.RISK_MANAGER)
VERA = person("vera", Role.VIEWER)
ACME = TenantId("acme")
TESTED = Wish(Stage.TESTED, "the gate passes it", ("walk-forward", STUDY))
PAPER = Wish(Stage.PAPER, "let it trade on paper")
LIVE = Wish(Stage.LIVE, "twenty quiet days")
RETIRED = Wish(Stage.RETIRED, "enough")


@pytest.fixture
def world() -> World:
    return World()


def registered(world: World) -> StrategyVersion:
    return world.registry.register(ADA, "trend", some_content())


def on_paper(world: World) -> StrategyVersion:
    made = registered(world)
    for wish in (TESTED, PAPER):
        world.registry.promote(ADA, made.name, made.version, wish)
    return world.registry.get(ACME, "trend")


def refusal(world: World, wish: Wish, by: object = ADA) -> PromotionRefused:
    with pytest.raises(PromotionRefused) as caught:
        world.registry.promote(by, "trend", 1, wish)  # type: ignore[arg-type]
    return caught.value


def test_the_same_content_again_is_the_same_version_and_other_content_the_next(
    world: World,
) -> None:
    first = registered(world)
    assert (first.version, first.stage, first.label) == (1, Stage.DRAFT, "trend@1")
    assert first.content.parameters == {"fast": 8, "slow": 16, "units": 0.0}
    assert registered(world) == first
    other = world.registry.register(ADA, "trend", some_content(parameters={"fast": 9}))
    assert other.version == 2
    assert registered(world) == first
    assert world.registry.register(ADA, "other", some_content()).version == 1


def test_what_was_retired_is_registered_anew(world: World) -> None:
    registered(world)
    world.registry.promote(ADA, "trend", 1, RETIRED)
    assert registered(world).version == 2


def test_every_part_of_the_content_makes_another_version(world: World) -> None:
    changes = (
        {"parameters": {"fast": 8, "slow": 17}},
        {"symbols": ("MSFT",)},
        {"timeframe": Timeframe.HOUR},
        {"schedule": "close"},
        {"calendar": "always-open"},
        {"terms": Terms(fractional=True)},
    )
    hashes = {some_content(**change).sha256 for change in changes}
    assert len(hashes | {some_content().sha256}) == len(changes) + 1


def test_content_is_read_back_as_it_was_written() -> None:
    content = some_content(schedule="every 15 minutes", terms=Terms(fee_bps=0.1))
    again = type(content).from_json(content.to_json())
    assert again == content
    assert (again.sha256, again.every_minutes) == (content.sha256, 15)


def test_symbols_come_into_the_order_of_studies() -> None:
    pair = some_content(
        code=some_content().code.of_library("pairs_trading"), parameters={}, symbols=("B", "A")
    )
    assert pair.symbols == ("A", "B")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": {"speed": 3}}, "parameters.speed"),
        ({"parameters": {"fast": 60}}, "parameters.fast"),
        ({"symbols": ()}, "symbols"),
        ({"symbols": ("AAPL", "AAPL")}, "symbols"),
        ({"symbols": ("AAPL", "MSFT")}, "symbols"),
        ({"symbols": ("aapl",)}, "symbols"),
        ({"schedule": "every 0 minutes"}, "schedule"),
        ({"calendar": "mars"}, "calendar"),
    ],
)
def test_what_could_not_run_is_refused_by_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        some_content(**changes)
    assert caught.value.field == field


def test_only_a_researcher_registers_and_the_name_is_checked(world: World) -> None:
    with pytest.raises(Forbidden, match="strategies:register"):
        world.registry.register(TIM, "trend", some_content())
    with pytest.raises(Invalid, match="name must be"):
        world.registry.register(ADA, "Trend", some_content())


def test_what_another_tenant_registered_is_not_found(world: World) -> None:
    registered(world)
    with pytest.raises(NotFound, match="registered strategy trend"):
        world.registry.get(TenantId("rival"), "trend")
    with pytest.raises(NotFound):
        world.registry.promote(person("eve", Role.ADMIN, tenant="rival"), "trend", 1, RETIRED)


def test_a_version_goes_from_draft_to_live_and_all_of_it_is_in_the_audit(world: World) -> None:
    on_paper(world)
    world.registry.promote(RITA, "trend", 1, LIVE)
    found = world.registry.get(ACME, "trend", 1)
    assert found.stage is Stage.LIVE
    assert found.data_hash == some_study().sha256
    steps = world.registry.promotions(found)
    assert [(each.before, each.to) for each in steps] == [
        (Stage.DRAFT, Stage.TESTED),
        (Stage.TESTED, Stage.PAPER),
        (Stage.PAPER, Stage.LIVE),
    ]
    assert [(each.action, each.subject, each.who) for each in world.store.audit] == [
        ("strategy.promoted", "trend@1", "ada"),
        ("strategy.promoted", "trend@1", "ada"),
        ("strategy.promoted", "trend@1", "rita"),
    ]
    assert world.store.audit[0].facts["study"] == str(STUDY)


def test_a_promotion_said_again_does_nothing(world: World) -> None:
    registered(world)
    first = world.registry.promote(ADA, "trend", 1, TESTED)
    assert world.registry.promote(ADA, "trend", 1, TESTED) == first
    assert len(world.store.audit) == 1


@pytest.mark.parametrize("wish", [PAPER, LIVE])
def test_no_stage_is_left_out(world: World, wish: Wish) -> None:
    registered(world)
    with pytest.raises(Conflict, match="trend@1 is at draft, from which it goes on to retired or"):
        world.registry.promote(person("root", Role.ADMIN), "trend", 1, wish)


def test_nothing_goes_back(world: World) -> None:
    on_paper(world)
    with pytest.raises(Conflict, match="is at paper"):
        world.registry.promote(ADA, "trend", 1, TESTED)
    world.registry.promote(ADA, "trend", 1, RETIRED)
    with pytest.raises(Conflict, match="goes on to nothing, not paper"):
        world.registry.promote(ADA, "trend", 1, PAPER)


@pytest.mark.parametrize(
    ("stage", "wish", "who"),
    [
        (Stage.DRAFT, TESTED, TIM),
        (Stage.DRAFT, TESTED, RITA),
        (Stage.DRAFT, RETIRED, VERA),
        (Stage.TESTED, PAPER, RITA),
        (Stage.PAPER, LIVE, ADA),
        (Stage.PAPER, LIVE, TIM),
    ],
    ids=lambda each: getattr(each, "username", getattr(each, "to", each)),
)
def test_a_role_that_does_not_promote_to_a_stage_is_told_which_do(
    world: World, stage: Stage, wish: Wish, who: object
) -> None:
    registered(world)
    for step in (TESTED, PAPER):
        if world.registry.get(ACME, "trend").stage is not stage:
            world.registry.promote(ADA, "trend", 1, step)
    with pytest.raises(Forbidden, match=f"promotion to {wish.to}"):
        world.registry.promote(who, "trend", 1, wish)  # type: ignore[arg-type]
    assert world.registry.get(ACME, "trend").stage is stage


def test_what_trades_live_is_retired_by_those_who_answer_for_it(world: World) -> None:
    on_paper(world)
    world.registry.promote(RITA, "trend", 1, LIVE)
    with pytest.raises(Forbidden):
        world.registry.promote(ADA, "trend", 1, RETIRED)
    world.registry.promote(TIM, "trend", 1, RETIRED)


def test_what_is_at_work_is_not_retired(world: World) -> None:
    on_paper(world)
    world.at_work = 2
    said = "number of runs at work must be at most 0, was 2 (2 over)"
    assert str(refusal(world, RETIRED)) == f"trend@1 is not promoted to retired: {said}"
    world.at_work = 0
    assert world.registry.promote(TIM, "trend", 1, RETIRED).to is Stage.RETIRED


def test_live_asks_for_the_password_again(world: World) -> None:
    on_paper(world)
    world.clock.advance(timedelta(minutes=6))
    with pytest.raises(FreshSignInNeeded):
        world.registry.promote(RITA, "trend", 1, LIVE)
    key = replace(RITA, signed_in_at=None)
    with pytest.raises(FreshSignInNeeded):
        world.registry.promote(key, "trend", 1, LIVE)


def test_a_refusal_names_each_number_that_missed_and_by_how_much(world: World) -> None:
    registered(world)
    weak = replace(GOOD, deflated_sharpe=0.9, trades=12, walk_forward_efficiency=None)
    world.studies.studies[STUDY] = some_study(evidence=weak)
    found = refusal(world, TESTED)
    assert str(found) == (
        "trend@1 is not promoted to tested: "
        "deflated Sharpe ratio must be at least 0.95, was 0.90 (0.05 short); "
        "number of trades must be at least 30, was 12 (18 short); "
        "walk-forward efficiency must be at least 0.50, was not shown"
    )
    told = found.fields()["ruling"]
    assert isinstance(told, dict)
    assert told["passed"] is False
    assert world.registry.get(ACME, "trend").stage is Stage.DRAFT
    assert world.store.audit == []


def test_a_record_that_no_length_would_make_good_stays_infinite() -> None:
    study = some_study(evidence=replace(GOOD, minimum_track_record=inf))
    assert Studied.from_json(study.to_json()) == study


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "ab" * 32}, "code must be those of the study"),
        ({"strategy": "macd_trend"}, "strategy must be those of the study, macd_trend"),
        ({"parameters": {"fast": 9, "slow": 16, "units": 0.0}}, "fast 9, slow 16, units 0, was"),
        ({"symbols": ("MSFT",)}, "symbols must be those of the study, MSFT, was AAPL"),
        ({"timeframe": Timeframe.HOUR}, "timeframe must be those of the study, 1Hour, was 1Day"),
        ({"terms": {**some_content().terms_shown(), "fee_bps": 0.0}}, "terms must be those"),
    ],
)
def test_a_study_of_something_else_proves_nothing(
    world: World, changes: dict[str, object], said: str
) -> None:
    registered(world)
    world.studies.studies[STUDY] = some_study(**changes)
    assert said in str(refusal(world, TESTED))


def test_how_much_cash_a_study_had_does_not_matter(world: World) -> None:
    registered(world)
    richer = {**some_content().terms_shown(), "cash": 5_000.0}
    world.studies.studies[STUDY] = some_study(terms=richer)
    assert world.registry.promote(ADA, "trend", 1, TESTED).to is Stage.TESTED


def test_trials_since_the_study_count_against_it(world: World) -> None:
    registered(world)
    world.studies.counted = 25
    assert str(refusal(world, TESTED)).endswith(
        "growth of the count of trials since the study must be at most 100.0 %, was 108.3 % "
        "(8.3 % over)"
    )
    world.studies.counted = 24
    ruling = world.registry.promote(ADA, "trend", 1, TESTED).ruling
    assert next(check.actual for check in ruling.checks if check.name == "trials") == 24


def test_a_study_that_is_not_there_is_told(world: World) -> None:
    registered(world)
    with pytest.raises(NotFound, match="sweep"):
        world.registry.promote(ADA, "trend", 1, Wish(Stage.TESTED, "x", ("sweep", STUDY)))


def test_live_is_refused_by_each_day_that_lacks_and_each_difference(world: World) -> None:
    on_paper(world)
    world.paper.record = PaperRecord(sessions=12, unexplained=3, decisions=0)
    world.switches = LiveSwitches(stage=False, flag=False)
    assert str(refusal(world, LIVE, RITA)) == (
        "trend@1 is not promoted to live: "
        "number of sessions on paper with a report must be at least 20, was 12 (8 short); "
        "number of unexplained differences must be at most 0, was 3 (3 over); "
        "number of decisions on paper must be at least 1, was 0 (1 short); "
        "the switch of the stage must be on, and is off: set ALGOTRENDY_LIVE_TRADING=true for it; "
        "the live switch must be on, and is off: algotrendy flags set live_trading true"
    )


@pytest.mark.parametrize(
    "switches", [LiveSwitches(True, None), LiveSwitches(True, False), LiveSwitches(False, True)]
)
def test_nothing_reaches_live_without_both_switches(world: World, switches: LiveSwitches) -> None:
    on_paper(world)
    world.switches = switches
    refusal(world, LIVE, RITA)
    assert world.registry.get(ACME, "trend").stage is Stage.PAPER


def test_a_wish_says_why_and_names_a_study_where_one_is_judged() -> None:
    with pytest.raises(Invalid, match="reason"):
        Wish(Stage.PAPER, "  ")
    with pytest.raises(Invalid, match="study"):
        Wish(Stage.TESTED, "because")
    with pytest.raises(Invalid, match="study"):
        Wish(Stage.PAPER, "because", ("sweep", UUID(int=1)))


def test_lists_come_in_pages_newest_first(world: World) -> None:
    for fast in range(2, 7):
        world.registry.register(ADA, "trend", some_content(parameters={"fast": fast, "slow": 16}))
    first = world.registry.versions(ACME, "trend", 2)
    assert [each.version for each in first.items] == [5, 4]
    assert first.following is not None
    second = world.registry.versions(ACME, "trend", 3, first.following.version)
    assert ([each.version for each in second.items], second.following) == ([3, 2, 1], None)
    world.registry.promote(ADA, "trend", 3, RETIRED)
    retired = world.registry.newest(ACME, 10, stage=Stage.RETIRED)
    assert [each.version for each in retired.items] == [3]
    with pytest.raises(NotFound):
        world.registry.versions(ACME, "nothing")
    with pytest.raises(Invalid, match="limit"):
        world.registry.newest(ACME, 0)
