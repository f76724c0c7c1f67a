"""What watches the stages: every alarm has a page, every metric is one of the table."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from algotrendy.platform.metric_table import METRICS
from fakes.cloud_assembly import Stage

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")

# By name: the type checker of the tests does not follow infra_cdk into the CDK.
objectives: Any = importlib.import_module("infra_cdk.observability.objectives")
watches: Any = importlib.import_module("infra_cdk.observability.watches")
pages: Any = importlib.import_module("infra_cdk.observability.pages")
Json = dict[str, Any]


def alarms(stage: Stage) -> list[Json]:
    return [alarm for kind in ALARMS for alarm in stage.properties(kind)]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_alarm_names_a_runbook_that_is_there(stage: Stage) -> None:
    found = alarms(stage)
    assert len(found) > 80
    for alarm in found:
        told = re.search(
            r"Runbook: docs/runbooks/([a-z-]+\.md)(?:#(\S+))?$", alarm["AlarmDescription"]
        )
        assert told, alarm["AlarmDescription"]
        page = RUNBOOKS / told[1]
        assert page.is_file(), page
        assert told[2] is None or told[2] in anchors(page), told[0]


def test_every_runbook_is_listed_and_says_what_to_do_and_when_it_is_over() -> None:
    listed = (RUNBOOKS / "README.md").read_text()
    for page in RUNBOOKS.glob("*.md"):
        if page.name != "README.md":
            assert f"]({page.name})" in listed
            text = page.read_text().lower()
            assert "**do**" in text or "| do |" in text, page.name


def test_links_of_runbooks_lead_somewhere() -> None:
    for page in RUNBOOKS.glob("*.md"):
        for target, _, anchor in re.findall(r"\]\(([^)#\s]+)(#([^)]+))?\)", page.read_text()):
            found = (page.parent / target).resolve()
            assert found.exists(), f"{page.name}: {target}"
            if anchor and found.suffix == ".md":
                assert anchor in anchors(found), f"{page.name}: {target}#{anchor}"


def test_alarms_of_the_table_watch_metrics_that_somebody_writes(cloud: Stage) -> None:
    ours = {
        alarm["AlarmName"].removeprefix(f"algotrendy-{cloud.name}-"): alarm
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm.get("Namespace") == "AlgoTrendy"
    }
    for alarm in ours.values():
        assert alarm["MetricName"] in METRICS
    for watch in watches.WATCHES:
        alarm = ours[watch.name]
        assert alarm["Dimensions"] == [{"Name": "service", "Value": watch.service}]
        assert alarm["AlarmActions"]
        assert alarm["TreatMissingData"] == ("breaching" if watch.silence else "notBreaching")


def test_the_windows_and_rates_are_those_of_the_workbook() -> None:
    period_s = objectives.PERIOD_DAYS * 86_400
    told = [(each.short_s, each.long_s, each.rate) for each in objectives.BURNS]
    assert told == [
        (300, 3_600, 14.4),
        (1_800, 21_600, 6),
        (7_200, 86_400, 3),
        (21_600, 259_200, 1),
    ]
    for burn in objectives.BURNS:
        assert burn.rate * burn.long_s / period_s == pytest.approx(burn.budget)


@pytest.mark.parametrize("name", ["api", "broker-calls"])
def test_an_objective_is_watched_over_two_windows_each_and_only_both_call_somebody(
    cloud: Stage, name: str
) -> None:
    prefix = f"algotrendy-{cloud.name}-slo-{name}-"
    windows = {
        alarm["AlarmName"].removeprefix(prefix): alarm
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["AlarmName"].startswith(prefix)
    }
    assert set(windows) == {
        *(f"1h-over-{w}" for w in ("5m", "1h")),
        *(f"6h-over-{w}" for w in ("30m", "6h")),
        *(f"1d-over-{w}" for w in ("2h", "1d")),
        *(f"3d-over-{w}" for w in ("6h", "3d")),
    }
    for alarm in windows.values():
        assert "AlarmActions" not in alarm
        rate, *sums = alarm["Metrics"]
        assert rate["Expression"] == "IF(total > 0, bad / total / 0.001, 0)"
        periods = {each["MetricStat"]["Period"] for each in sums}
        assert len(periods) == 1
        # CloudWatch looks back for seven days at most.
        assert periods.pop() * alarm["EvaluationPeriods"] <= 604_800
    both = {
        alarm["AlarmName"].removeprefix(prefix): alarm
        for alarm in cloud.properties("AWS::CloudWatch::CompositeAlarm")
        if alarm["AlarmName"].startswith(prefix)
    }
    assert set(both) == {"1h", "6h", "1d", "3d"}
    for alarm in both.values():
        assert alarm["AlarmActions"]
        assert " AND " in json.dumps(alarm["AlarmRule"])


def test_the_objective_of_the_api_counts_what_the_gateway_answers(cloud: Stage) -> None:
    [alarm] = [
        alarm
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["AlarmName"].endswith("slo-api-1h-over-5m")
    ]
    told = {each["Id"]: each["MetricStat"]["Metric"] for each in alarm["Metrics"][1:]}
    assert (told["bad"]["MetricName"], told["total"]["MetricName"]) == ("5xx", "Count")
    assert {each["Namespace"] for each in told.values()} == {"AWS/ApiGateway"}


def test_every_page_is_a_dashboard_and_shows_metrics_of_the_table(cloud: Stage) -> None:
    named = {each["DashboardName"] for each in cloud.properties("AWS::CloudWatch::Dashboard")}
    assert {f"algotrendy-{cloud.name}-{page.name}" for page in pages.PAGES} <= named
    for page in pages.PAGES:
        for panel in page.panels:
            for name in panel.metrics:
                assert name in METRICS
                assert panel.by is None or panel.by in METRICS[name].by


def test_every_metric_of_the_table_is_on_a_page() -> None:
    shown = {name for page in pages.PAGES for panel in page.panels for name in panel.metrics}
    alone = {"BrokerCallsUnanswered"}  # it is the objective of the broker's calls
    assert set(METRICS) - shown == alone


def test_saved_queries_ask_log_groups_that_are_there(cloud: Stage) -> None:
    groups = {each["LogGroupName"] for each in cloud.properties("AWS::Logs::LogGroup")}
    found = cloud.properties("AWS::Logs::QueryDefinition")
    assert len(found) >= 10
    for query in found:
        assert set(query["LogGroupNames"]) <= groups
        assert len(query["LogGroupNames"]) <= 50
        assert query["Name"].startswith(f"algotrendy-{cloud.name}/")


def test_stacks_stay_clear_of_the_number_of_resources_that_one_may_have(stage: Stage) -> None:
    for template in stage.templates.values():
        assert len(template["Resources"]) <= 480
