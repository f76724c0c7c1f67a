from __future__ import annotations

import json
from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest

from algotrendy.backtest.gate import CHECKS, REQUIRED, Check, Evidence, Gate, judge
from algotrendy.kernel.errors import Invalid

GOOD = Evidence(
    trials=12_340,
    data="AAPL 1Day",
    deflated_sharpe=0.97,
    overfitting=0.1,
    out_of_sample_sharpe=0.8,
    out_of_sample_lower=0.05,
    observations=2_500,
    minimum_track_record=612.4,
    trades=120,
    max_drawdown=-0.18,
    walk_forward_efficiency=0.7,
    harsh_return=0.12,
)

EDGES: list[tuple[str, float, float]] = [
    # The figure, a value that just passes, a value that just does not.
    ("trials", 1, 0),
    ("deflated_sharpe", 0.95, 0.9499),
    ("overfitting", 0.20, 0.2001),
    ("out_of_sample_sharpe", 0.0001, 0.0),
    ("out_of_sample_lower", 0.0001, 0.0),
    ("observations", 613, 612),
    ("trades", 30, 29),
    ("max_drawdown", -0.25, -0.2501),
    ("walk_forward_efficiency", 0.5, 0.4999),
    ("harsh_return", 0.0001, 0.0),
]


def with_(**changes: Any) -> Evidence:
    return replace(GOOD, **changes)


def the(name: str, evidence: Evidence) -> Check:
    [found] = [check for check in judge(evidence).checks if check.name == name]
    return found


def test_a_candidate_that_shows_all_and_reaches_all_passes() -> None:
    verdict = judge(GOOD)
    assert verdict.passed
    assert verdict.missed == ()
    assert [check.name for check in verdict.checks] == list(CHECKS)
    assert str(verdict) == "passed: 10 of 10 checks, with 12,340 trials on AAPL 1Day"


@pytest.mark.parametrize(("figure", "enough", "short"), EDGES)
def test_each_figure_alone_decides_at_its_threshold(
    figure: str, enough: float, short: float
) -> None:
    assert judge(with_(**{figure: enough})).passed
    refused = judge(with_(**{figure: short}))
    assert not refused.passed
    assert [check.name for check in refused.missed] == [
        figure.replace("observations", "track_record")
    ]


def test_every_figure_of_the_evidence_has_an_edge_here() -> None:
    told = {figure for figure, _, _ in EDGES} | {"data", "minimum_track_record"}
    assert told == {field.name for field in fields(Evidence)}


@pytest.mark.parametrize(
    "figure",
    [
        *("trials", "deflated_sharpe", "out_of_sample_sharpe", "observations", "trades"),
        *("minimum_track_record", "max_drawdown", "walk_forward_efficiency", "harsh_return"),
    ],
)
def test_a_required_figure_that_is_not_shown_refuses(figure: str) -> None:
    refused = judge(with_(**{figure: None}))
    assert not refused.passed
    [missed] = refused.missed
    assert missed.missed_by is None
    assert str(missed).endswith("was not shown")


def test_nothing_shown_is_refused_for_all_that_is_required() -> None:
    assert {check.name for check in judge(Evidence()).missed} == REQUIRED
    assert not judge(Evidence()).passed


def test_what_is_not_required_refuses_only_when_it_is_shown_and_bad() -> None:
    verdict = judge(with_(overfitting=None, out_of_sample_lower=None))
    assert verdict.passed
    assert str(verdict) == (
        "passed: 8 of 10 checks (probability of backtest overfitting, lower bound of the "
        "out-of-sample Sharpe ratio not shown, and not required), with 12,340 trials on AAPL 1Day"
    )
    assert str(the("overfitting", with_(overfitting=None))) == (
        "probability of backtest overfitting was not shown, and need not be"
    )
    assert not judge(with_(overfitting=0.5)).passed


def test_a_gate_may_require_more_and_less() -> None:
    everything = Gate(required=frozenset(CHECKS))
    assert not judge(with_(overfitting=None), everything).passed
    assert judge(with_(harsh_return=None), Gate(required=REQUIRED - {"harsh_return"})).passed


def test_a_refusal_says_what_was_needed_and_by_how_much_it_was_missed() -> None:
    assert str(judge(with_(deflated_sharpe=0.41))) == (
        "refused: deflated Sharpe ratio must be at least 0.95, was 0.41 (0.54 short), "
        "with 12,340 trials on AAPL 1Day"
    )


def test_a_refusal_names_every_reason() -> None:
    evidence = with_(max_drawdown=-0.312, trades=12, harsh_return=None, trials=1, data="")
    assert str(judge(evidence)) == (
        "refused: number of trades must be at least 30, was 12 (18 short); "
        "maximum drawdown must be at most 25.0 %, was 31.2 % (6.2 % over); "
        "return under harsh fills must be above 0.0 %, was not shown, with 1 trial"
    )


@pytest.mark.parametrize(
    ("changes", "name", "text"),
    [
        (
            {"deflated_sharpe": 0.9496},
            "deflated_sharpe",
            "deflated Sharpe ratio must be at least 0.9500, was 0.9496 (0.0004 short)",
        ),
        (
            {"harsh_return": -0.0001},
            "harsh_return",
            "return under harsh fills must be above 0.00 %, was -0.01 % (0.01 % short)",
        ),
        (
            {"out_of_sample_sharpe": 0.0},
            "out_of_sample_sharpe",
            "out-of-sample Sharpe ratio must be above 0.00, was 0.00",
        ),
        (
            {"out_of_sample_lower": -inf},
            "out_of_sample_lower",
            "lower bound of the out-of-sample Sharpe ratio must be above 0.00, was -inf",
        ),
        (
            {"observations": 500},
            "track_record",
            "length of the track record must be at least 613, was 500 (113 short)",
        ),
        (
            {"minimum_track_record": inf},
            "track_record",
            "length of the track record must be at least infinitely many, was 2,500",
        ),
        (
            {"minimum_track_record": None},
            "track_record",
            "what the length of the track record must be was not shown",
        ),
    ],
)
def test_a_check_reads_true_at_any_distance(changes: dict[str, Any], name: str, text: str) -> None:
    check = the(name, with_(**changes))
    assert not check.passed
    assert str(check) == text


def test_a_miss_is_never_shown_as_nothing() -> None:
    gate = Gate(walk_forward_efficiency=0.5051)
    [missed] = judge(with_(walk_forward_efficiency=0.5049), gate).missed
    assert str(missed) == (
        "walk-forward efficiency must be at least 0.5051, was 0.5049 (0.0002 short)"
    )


def test_no_record_is_long_enough_where_none_would_be() -> None:
    refused = the("track_record", with_(minimum_track_record=inf, observations=10**9))
    assert (refused.passed, refused.missed_by) == (False, inf)


def test_a_check_tells_by_how_much_it_was_missed_and_nothing_when_it_was_not() -> None:
    assert the("max_drawdown", with_(max_drawdown=-0.35)).missed_by == pytest.approx(0.1)
    assert the("walk_forward_efficiency", with_(walk_forward_efficiency=0.2)).missed_by == (
        pytest.approx(0.3)
    )
    assert the("trades", GOOD).missed_by == 0.0


def test_a_verdict_is_json() -> None:
    found = json.loads(
        json.dumps(judge(with_(minimum_track_record=inf)).to_json(), allow_nan=False)
    )
    assert (found["passed"], found["trials"], found["data"]) == (False, 12_340, "AAPL 1Day")
    assert found["text"].startswith("refused: length of the track record")
    by_name = {check["name"]: check for check in found["checks"]}
    assert by_name["track_record"]["needed"] is None
    assert by_name["trades"] == {
        "name": "trades",
        "figure": "number of trades",
        "bound": "at least",
        "unit": "count",
        "needed": 30,
        "actual": 120,
        "missed_by": 0.0,
        "is_required": True,
        "passed": True,
        "text": "number of trades must be at least 30, was 120",
    }


@pytest.mark.parametrize(
    ("figure", "wrong"),
    [
        *(("deflated_sharpe", wrong) for wrong in (-0.1, 1.1, nan)),
        *(("overfitting", wrong) for wrong in (-0.1, 1.1, nan)),
        *(("out_of_sample_sharpe", wrong) for wrong in (nan, inf)),
        ("out_of_sample_lower", nan),
        *(("walk_forward_efficiency", wrong) for wrong in (nan, -inf)),
        *(("harsh_return", wrong) for wrong in (nan, inf)),
        *(("trials", -1), ("observations", -1), ("trades", -1)),
        *(("minimum_track_record", wrong) for wrong in (-1.0, nan)),
        *(("max_drawdown", wrong) for wrong in (0.2, nan, -inf)),
    ],
)
def test_a_figure_that_cannot_be_is_no_evidence(figure: str, wrong: float) -> None:
    with pytest.raises(Invalid) as refused:
        with_(**{figure: wrong})
    assert refused.value.field == figure


@pytest.mark.parametrize(
    ("threshold", "wrong"),
    [
        *(("deflated_sharpe", wrong) for wrong in (-0.1, 1.1, nan)),
        ("overfitting", nan),
        ("out_of_sample_sharpe", inf),
        ("walk_forward_efficiency", nan),
        ("harsh_return", nan),
        ("trades", -1),
        *(("max_drawdown", wrong) for wrong in (-0.25, 0.0, 1.5, nan)),
        ("required", frozenset({"luck"})),
    ],
)
def test_a_gate_that_measures_nothing_is_refused(threshold: str, wrong: Any) -> None:
    with pytest.raises(Invalid) as refused:
        Gate(**{threshold: wrong})
    assert refused.value.field == threshold
