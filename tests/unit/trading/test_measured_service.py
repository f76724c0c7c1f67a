"""How an account is served is measured: calls, duties, comparisons, the use of limits."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from algotrendy.brokers.port import Broker
from algotrendy.kernel.errors import Rejected, Unavailable
from algotrendy.kernel.ids import AccountId
from algotrendy.platform import metrics
from algotrendy.platform.metric_table import METRICS, Writer
from algotrendy.platform.service_metrics import Scraped
from algotrendy.trading.adapters.measured_broker import MeasuredBroker
from algotrendy.trading.adapters.measured_duties import Compared, MeasuredDuty

ONE, TWO = AccountId("one"), AccountId("two")


class Prometheus:
    """Reads what a service would tell."""

    def __init__(self) -> None:
        self._scraped = Scraped(Writer.EXECUTION)
        metrics.measure_to(self._scraped)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels.values()): sample.value
            for family in text_string_to_metric_families(self._scraped.text().decode())
            for sample in family.samples
            if sample.name == name
        }


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    yield Prometheus()
    metrics.measure_to()


class Answering:
    """Answers every call of a broker with its name, or not at all."""

    def __init__(self, error: Exception | None = None) -> None:
        self.name = "alpaca"
        self._error = error
        self.asked: list[tuple[str, Any]] = []

    def __getattr__(self, call: str) -> Any:
        async def answered(*given: Any, **named: Any) -> str:
            self.asked.append((call, (*given, *named.values())))
            if self._error:
                raise self._error
            return call

        return answered


_BY_CALL = METRICS["BrokerSeconds"].by["call"]
CALLS = _BY_CALL if isinstance(_BY_CALL, tuple) else ()


def arguments_of(call: str) -> tuple[list[int], dict[str, int]]:
    parameters = list(inspect.signature(getattr(Broker, call)).parameters.values())[1:]
    named = {each.name: 7 for each in parameters if each.kind is each.KEYWORD_ONLY}
    return [7] * (len(parameters) - len(named)), named


@pytest.mark.parametrize("call", CALLS)
def test_a_call_goes_through_unchanged_and_is_timed(prometheus: Prometheus, call: str) -> None:
    given, named = arguments_of(call)
    broker = Answering()
    answer = asyncio.run(getattr(MeasuredBroker(broker), call)(*given, **named))
    assert answer in (call, None)
    assert broker.asked == [(call, (*given, *named.values()))]
    assert prometheus.samples("algotrendy_broker_seconds_count") == {(call, "ok"): 1}


def test_every_call_of_the_port_is_one_of_the_table() -> None:
    asked = {
        name
        for name, call in inspect.getmembers(Broker, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert asked - {"close"} == set(CALLS)


def test_a_call_without_an_answer_is_told_apart(prometheus: Prometheus) -> None:
    broker = MeasuredBroker(Answering(Unavailable("alpaca", "gone")))
    with pytest.raises(Unavailable):
        asyncio.run(broker.positions())
    told = prometheus.samples("algotrendy_broker_seconds_count")
    assert told == {("positions", "unavailable"): 1}
    assert prometheus.samples("algotrendy_broker_calls_unanswered_total") == {(): 1}


def test_a_refusal_is_an_answer(prometheus: Prometheus) -> None:
    broker = MeasuredBroker(Answering(Rejected("no")))
    with pytest.raises(Rejected):
        asyncio.run(broker.positions())
    assert prometheus.samples("algotrendy_broker_calls_unanswered_total") == {(): 0}


class Once:
    name = "prices"
    every_s = 0.5

    async def do(self) -> None:
        raise KeyError("broken")


def test_a_duty_is_timed_also_when_it_fails(prometheus: Prometheus) -> None:
    duty = MeasuredDuty(Once())
    assert (duty.name, duty.every_s) == ("prices", 0.5)
    with pytest.raises(KeyError):
        asyncio.run(duty.do())
    assert prometheus.samples("algotrendy_duty_seconds_count") == {("prices", "error"): 1}


def test_the_age_of_a_comparison_counts_from_the_last_whole_one(prometheus: Prometheus) -> None:
    now = [100.0]
    compared = Compared(lambda: now[0])
    compared.tell({ONE: True, TWO: True})
    now[0] = 130.0
    compared.note(ONE, Counter({"cash": 1}), Counter({"order": 2}))
    now[0] = 145.0
    compared.tell({ONE: True, TWO: True})
    ages = prometheus.samples("algotrendy_reconciliation_age_seconds")
    assert ages == {("one",): 15.0, ("two",): 45.0}
    differences = prometheus.samples("algotrendy_reconciliation_differences")
    assert differences[("cash",)] == 1
    assert sum(differences.values()) == 1
    settled = prometheus.samples("algotrendy_reconciliations_settled_total")
    assert settled == {("order",): 2}


def test_whoever_waited_for_long_to_serve_is_not_late_at_once(prometheus: Prometheus) -> None:
    now = [0.0]
    compared = Compared(lambda: now[0])
    compared.tell({ONE: False})
    now[0] = 5000.0
    compared.tell({ONE: True})
    assert prometheus.samples("algotrendy_reconciliation_age_seconds") == {("one",): 0.0}
    now[0] = 5020.0
    compared.tell({ONE: True})
    assert prometheus.samples("algotrendy_reconciliation_age_seconds") == {("one",): 20.0}


def test_of_an_account_that_is_not_served_only_that_is_told(prometheus: Prometheus) -> None:
    compared = Compared(lambda: 50.0)
    compared.note(ONE, Counter({"cash": 1}), Counter())
    compared.tell({ONE: False})
    assert prometheus.samples("algotrendy_accounts_served") == {("one",): 0.0}
    assert sum(prometheus.samples("algotrendy_reconciliation_differences").values()) == 0
