"""Rules and dashboards as committed: current, readable by Prometheus, of metrics that there are."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml  # type: ignore[import-untyped]

from algotrendy.platform.metric_table import METRICS, Kind

ROOT = Path(__file__).resolve().parents[2]
written: Any = importlib.import_module("infra_cdk.observability.written")
GENERATED = ROOT / "infra_cdk" / "observability" / "generated"
RULES = yaml.safe_load((GENERATED / "rules.yml").read_text())
RECORDED = [r for group in RULES["groups"] for r in group["rules"] if "record" in r]
ALERTS = [r for group in RULES["groups"] for r in group["rules"] if "alert" in r]
DASHBOARDS = {p.name: json.loads(p.read_text()) for p in (GENERATED / "grafana").glob("*.json")}
EXPRESSIONS = [
    *(rule["expr"] for rule in (*RECORDED, *ALERTS)),
    *(
        target["expr"]
        for dashboard in DASHBOARDS.values()
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if "expr" in target
    ),
]


def series() -> dict[str, set[str]]:
    """Give what Prometheus has, with the labels of each."""
    found: dict[str, set[str]] = {"up": {"job"}}
    for metric in METRICS.values():
        if metric.is_scraped:
            labels = {"job", *metric.by}
            ends = ("_bucket", "_count", "_sum") if metric.kind is Kind.HISTOGRAM else ("",)
            for end in ends:
                found[metric.in_prometheus + end] = labels | ({"le"} if end == "_bucket" else set())
    for rule in RECORDED:
        found[rule["record"]] = {"job"}
    return found


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Give each series that an expression reads, and the labels that it asks of it."""
    asked: list[tuple[str, set[str]]] = []

    def note(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            asked.append((node.name or "", {each.name for each in node.matchers.matchers}))

    promql_parser.walk(promql_parser.parse(expression), note)
    yield from asked


def grouped_by(expression: str) -> set[str]:
    labels: set[str] = set()

    def note(node: Any) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expression), note)
    return labels


def test_everything_that_is_made_of_the_table_is_current() -> None:
    assert written.stale() == []


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_an_expression_reads_only_series_and_labels_that_there_are(expression: str) -> None:
    known = series()
    asked = list(selectors(expression))
    assert asked
    for name, labels in asked:
        assert name in known
        assert labels <= known[name]
        assert grouped_by(expression) <= known[name]


def test_the_parser_is_no_rubber_stamp() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        list(selectors("sum(rate(up[5m])"))
    assert list(selectors('rate(up{job="x"}[5m])')) == [("up", {"job"})]


def test_every_alert_names_a_runbook_and_how_urgent_it_is() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 15
    for rule in ALERTS:
        assert rule["annotations"]["summary"]
        page = rule["annotations"]["runbook"].partition("#")[0]
        assert (ROOT / page).is_file()
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_scraped_histogram_and_counter_is_reckoned_in_advance() -> None:
    recorded = {rule["record"] for rule in RECORDED}
    for metric in METRICS.values():
        if metric.is_scraped and metric.kind is not Kind.GAUGE:
            ends = ("rate5m",) if metric.kind is Kind.COUNTER else ("p50_5m", "p99_5m")
            assert {f"{metric.in_prometheus}:{end}" for end in ends} <= recorded


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_a_dashboard_fits_together(name: str) -> None:
    dashboard = DASHBOARDS[name]
    sources = {each["name"] for each in dashboard["templating"]["list"]}
    places = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] in {f"${{{each}}}" for each in sources}
        assert panel["targets"]
        assert len({each["refId"] for each in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            if "metricName" in target:
                metric = METRICS[target["metricName"]]
                assert set(target["dimensions"]) <= {"service", *metric.by}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        places.add((place["x"], place["y"]))
    assert len(places) == len({each["id"] for each in dashboard["panels"]})


def test_both_services_are_scraped_where_they_answer() -> None:
    told = yaml.safe_load((GENERATED / "prometheus.yml").read_text())
    targets = {
        each["job_name"]: each["static_configs"][0]["targets"] for each in told["scrape_configs"]
    }
    from algotrendy.platform.settings import Settings

    settings = Settings.model_fields
    assert targets == {
        "algotrendy-execution": [f"127.0.0.1:{settings['execution_port'].default}"],
        "algotrendy-streaming": [f"127.0.0.1:{settings['streaming_port'].default}"],
    }
