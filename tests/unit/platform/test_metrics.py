"""What is measured: only what the table names, within its bounds, in both ways of telling it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from algotrendy.kernel.errors import Invalid, Unavailable, Unknown
from algotrendy.kernel.order import OrderType, Side
from algotrendy.platform import metrics
from algotrendy.platform.metric_table import METRICS, OTHER, Kind, Open, Unit, Writer
from algotrendy.platform.metrics import EmfLines
from algotrendy.platform.service_metrics import Scraped, ServiceMetrics
from algotrendy.risk.decision import Limit
from algotrendy.trading.execution.differences import DifferenceKind

MOST_SERIES = 2000


@pytest.fixture(autouse=True)
def _measured_nowhere_after() -> Iterator[None]:
    yield
    metrics.measure_to()


def written(lines: EmfLines, out: io.StringIO) -> list[dict[str, object]]:
    lines.flush()
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    out.truncate(0)
    out.seek(0)
    return found


# The table.


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_is_named_once_for_both_and_ends_with_its_unit(name: str) -> None:
    metric = METRICS[name]
    assert re.fullmatch(r"[A-Z][A-Za-z]+", name)
    assert re.fullmatch(r"algotrendy_[a-z_]+", metric.in_prometheus)
    if metric.unit is not Unit.COUNT:
        assert name.endswith(metric.unit.value)
    assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
    assert all(low < high for low, high in pairwise(metric.buckets))
    assert metric.says[0].islower() or metric.says[0].isdigit() or metric.says.startswith("HTTP")
    assert metric.writers


def test_no_two_metrics_are_one_in_prometheus() -> None:
    assert len({each.in_prometheus for each in METRICS.values()}) == len(METRICS)


def test_the_dimensions_have_the_names_that_the_trade_has() -> None:
    assert METRICS["Fills"].by["side"] == tuple(Side)
    assert METRICS["OrdersPlaced"].by["type"] == tuple(OrderType)
    assert METRICS["OrdersRefused"].by["limit"] == tuple(Limit)
    assert METRICS["ReconciliationDifferences"].by["kind"] == tuple(DifferenceKind)
    used = METRICS["RiskUseRatio"].by["limit"]
    assert isinstance(used, tuple)
    assert set(used) <= set(Limit)


def test_what_cloudwatch_bills_is_bounded() -> None:
    assert sum(each.most_series for each in METRICS.values()) < MOST_SERIES


def test_the_table_needs_nothing_but_python() -> None:
    code = (
        "import sys; before = set(sys.modules); import algotrendy.platform.metric_table\n"
        "print({n.partition('.')[0] for n in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "{'algotrendy'}"


# Measuring.


def test_where_nobody_listens_nothing_is_kept_but_mistakes_are_told_all_the_same() -> None:
    metrics.count("Fills", side="buy")
    with pytest.raises(ValueError, match="NoSuchThing must be a counter"):
        metrics.count("NoSuchThing")
    with pytest.raises(ValueError, match="Fills must be a gauge"):
        metrics.gauge("Fills", 1, side="buy")


def test_a_metric_has_exactly_its_dimensions() -> None:
    metrics.measure_to(EmfLines("trading", io.StringIO()))
    with pytest.raises(ValueError, match="Fills needs the dimensions side, had \\[\\]"):
        metrics.count("Fills")
    with pytest.raises(ValueError, match="OrdersSent needs the dimensions none"):
        metrics.count("OrdersSent", side="buy")


def test_lines_for_cloudwatch_tell_the_service_as_a_whole_and_by_dimension() -> None:
    out = io.StringIO()
    lines = EmfLines("trading", out)
    metrics.measure_to(lines)
    metrics.count("Fills", side="buy")
    metrics.count("Fills", 2, side="buy")
    metrics.count("OrdersSent", 0)
    metrics.gauge("AccountsServed", 0, account="paper")
    metrics.gauge("AccountsServed", 1, account="paper")
    for bps in (1.5, -2.0):
        metrics.observe("SlippageBps", bps, type="market")
    fills, served, slips = written(lines, out)
    directive = fills["_aws"]["CloudWatchMetrics"][0]  # type: ignore[index]
    assert directive["Namespace"] == "AlgoTrendy"
    assert directive["Dimensions"] == [["service"], ["service", "side"]]
    assert directive["Metrics"] == [{"Name": "Fills", "Unit": "Count"}]
    assert (fills["service"], fills["side"], fills["Fills"]) == ("trading", "buy", [3])
    assert served["AccountsServed"] == [1]
    assert slips["SlippageBps"] == [1.5, -2.0]
    assert written(lines, out) == []


def test_a_line_has_at_most_a_hundred_values_and_none_is_lost() -> None:
    out = io.StringIO()
    lines = EmfLines("trading", out)
    metrics.measure_to(lines)
    for n in range(250):
        metrics.observe("FillSeconds", n)
    found = [each["FillSeconds"] for each in written(lines, out)]
    assert [len(each) for each in found] == [100, 100, 50]  # type: ignore[arg-type]
    assert [value for each in found for value in each] == list(range(250))  # type: ignore[attr-defined]


def test_a_value_that_the_table_does_not_know_is_other() -> None:
    out = io.StringIO()
    lines = EmfLines("trading", out)
    metrics.measure_to(lines)
    metrics.count("Fills", side="sideways")
    assert written(lines, out)[0]["side"] == OTHER


def test_an_open_dimension_keeps_so_many_apart_and_no_unsafe_text() -> None:
    most = METRICS["OrdersRejected"].by["reason"]
    assert isinstance(most, Open)
    out = io.StringIO()
    lines = EmfLines("trading", out)
    metrics.measure_to(lines)
    metrics.count("OrdersRejected", reason='a"b\n{"x": 1}')
    for n in range(most.most + 5):
        metrics.count("OrdersRejected", reason=f"reason {n}")
    found = {str(each["reason"]): each["OrdersRejected"] for each in written(lines, out)}
    assert len(found) == most.most + 1
    assert found[OTHER] == [6]
    assert "a_b_{_x_: 1}" in found


def test_a_block_is_timed_with_what_became_of_it() -> None:
    out = io.StringIO()
    lines = EmfLines("trading", out)
    metrics.measure_to(lines)
    with metrics.timed("TransactionSeconds"):
        pass
    errors = (Unavailable("x", "gone"), Unknown("x", "?"), Invalid("f", "a", "b"), KeyError("k"))
    for error in errors:
        with pytest.raises(type(error)), metrics.timed("TransactionSeconds"):
            raise error
    outcomes = [each["outcome"] for each in written(lines, out)]
    assert outcomes == ["ok", "unavailable", "unknown", "refused", "error"]


# Services.


@pytest.mark.parametrize("writer", [Writer.EXECUTION, Writer.STREAMING])
def test_a_service_tells_prometheus_what_it_writes_and_nothing_else(writer: Writer) -> None:
    scraped = Scraped(writer)
    metrics.measure_to(scraped)
    for metric in METRICS.values():
        by = dict.fromkeys(metric.by, "x")
        match metric.kind:
            case Kind.COUNTER:
                metrics.count(metric.name, 2, **by)
            case Kind.GAUGE:
                metrics.gauge(metric.name, 2, **by)
            case Kind.HISTOGRAM:
                metrics.observe(metric.name, 2, **by)
    told = {
        sample.name
        for family in text_string_to_metric_families(scraped.text().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    wanted = set()
    for metric in METRICS.values():
        if writer in metric.writers:
            ends: tuple[str, ...] = ("",)
            if metric.kind is Kind.HISTOGRAM:
                # A sum that may fall is no counter, and is not told.
                sums = ("_sum",) if metric.buckets[0] >= 0 else ()
                ends = ("_bucket", "_count", *sums)
            wanted |= {metric.in_prometheus + end for end in ends}
    assert told == wanted


def test_gauges_are_looked_at_before_they_are_told_and_one_that_fails_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = ServiceMetrics(Writer.EXECUTION, "trading", lines=False)

    def broken() -> None:
        raise KeyError("no such account")

    service.before_each(broken)
    service.before_each(lambda: metrics.gauge("AccountsServed", 1, account="paper"))
    told = service.text().decode()
    assert 'algotrendy_accounts_served{account="paper"} 1.0' in told
    assert "algotrendy_memory_bytes" in told
    assert "a measurement failed" in caplog.text


def test_a_service_writes_lines_too_where_it_was_told_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = ServiceMetrics(Writer.STREAMING, "market_data", lines=True)
    metrics.count("FeedTicks", 3, feed="paper:iex", kind="trade")
    service.flush()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"service": "market_data", "feed": "paper:iex", "FeedTicks": [3]}.items() <= told[
        0
    ].items()
    assert any("LoopLagSeconds" in each for each in told)
