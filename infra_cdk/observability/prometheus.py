"""Make Prometheus' recording and alerting rules of the table, the objectives and the watches."""

from typing import Any, Final

from infra_cdk.observability.objectives import BROKER, BURNS, Objective, window
from infra_cdk.observability.runbooks_of import FOLDER, page_of
from infra_cdk.observability.table import Kind, Metric, Writer, metric
from infra_cdk.observability.watches import WATCHES, Watch

JOBS: Final = {Writer.EXECUTION: "algotrendy-execution", Writer.STREAMING: "algotrendy-streaming"}
PORTS: Final = {Writer.EXECUTION: 4590, Writer.STREAMING: 4595}
SCRAPE_EVERY_S: Final = 15
_QUANTILES: Final = (0.5, 0.99)

Rule = dict[str, Any]


def recording_rules() -> list[Rule]:
    """Reckon in advance what dashboards and alerts ask: rates and quantiles of everything."""
    rules = []
    for found in _scraped():
        name = found.in_prometheus
        by = ", ".join(("job", *found.by))
        if found.kind is Kind.COUNTER:
            rules.append(_record(f"{name}:rate5m", f"sum by ({by}) (rate({name}[5m]))"))
        elif found.kind is Kind.HISTOGRAM:
            spread = f"sum by ({', '.join(('le', 'job', *found.by))}) (rate({name}_bucket[5m]))"
            rules += [
                _record(
                    f"{name}:p{quantile * 100:g}_5m", f"histogram_quantile({quantile:g}, {spread})"
                )
                for quantile in _QUANTILES
            ]
    bad, total = metric("BrokerCallsUnanswered").in_prometheus, _calls()
    for seconds in sorted({each for burn in BURNS for each in (burn.short_s, burn.long_s)}):
        span = window(seconds)
        rules.append(
            _record(
                f"{_objective(BROKER)}:errors{span}",
                f"sum(rate({bad}[{span}])) / sum(rate({total}[{span}]))",
            )
        )
    return rules


def alerting_rules() -> list[Rule]:
    """Tell of the same things as CloudWatch's alarms, of what services tell themselves."""
    return [*_burning(BROKER), *_watching(), *_silent()]


def rules_file() -> dict[str, Any]:
    """Give the document that Prometheus loads."""
    return {
        "groups": [
            {"name": "algotrendy-recorded", "interval": "30s", "rules": recording_rules()},
            {"name": "algotrendy-alerts", "interval": "30s", "rules": alerting_rules()},
        ]
    }


def configuration() -> dict[str, Any]:
    """Give a configuration that scrapes both services of the laptop."""
    return {
        "global": {"scrape_interval": f"{SCRAPE_EVERY_S}s", "evaluation_interval": "30s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": JOBS[writer],
                "static_configs": [{"targets": [f"127.0.0.1:{PORTS[writer]}"]}],
            }
            for writer in JOBS
        ],
    }


def _burning(objective: Objective) -> list[Rule]:
    series = f"{_objective(objective)}:errors"
    return [
        _alert(
            _camel("slo", objective.name, burn.name),
            f"{series}{window(burn.long_s)} > {burn.rate * objective.budget:g} "
            f"and {series}{window(burn.short_s)} > {burn.rate * objective.budget:g}",
            "1m",
            f"{burn.budget:.0%} of the month's budget of errors is gone within {burn.name}: "
            f"{objective.says}",
            burn.urgency.value,
            page_of(f"slo-{objective.name}") or "",
        )
        for burn in BURNS
    ]


def _watching() -> list[Rule]:
    return [_watch(watch) for watch in WATCHES if _is_scraped_for(watch)]


def _watch(watch: Watch) -> Rule:
    found, span = metric(watch.metric), f"{watch.minutes}m"
    name, sign = found.in_prometheus, "<" if watch.below else ">"
    match watch.statistic:
        case "Sum":
            value = f"sum(increase({name}[{span}]))"
        case "p99":
            value = f"histogram_quantile(0.99, sum by (le) (rate({name}_bucket[{span}])))"
        case "Maximum":
            value = f"max(max_over_time({name}[{span}]))"
        case "Minimum":
            value = f"min(min_over_time({name}[{span}]))"
    last = f"{watch.minutes * (watch.times - 1)}m" if watch.times > 1 else "0m"
    page = page_of(watch.name) or ""
    return _alert(
        _camel(watch.name), f"{value} {sign} {watch.over:g}", last, watch.says, "page", page
    )


def _silent() -> list[Rule]:
    """Tell of a service that nobody can scrape."""
    return [
        _alert(
            _camel(writer.value, "gone"),
            f'absent(up{{job="{job}"}} == 1)',
            "2m",
            f"Nobody answers for the {writer.value} service.",
            "page",
            "services.md",
        )
        for writer, job in JOBS.items()
    ]


def _is_scraped_for(watch: Watch) -> bool:
    return watch.needs is not None and Writer(watch.needs) in metric(watch.metric).writers


def _scraped() -> list[Metric]:
    from infra_cdk.observability.table import METRICS

    return [each for each in METRICS.values() if each.is_scraped]


def _calls() -> str:
    return f"{metric('BrokerSeconds').in_prometheus}_count"


def _objective(objective: Objective) -> str:
    return f"algotrendy:slo_{objective.name.replace('-', '_')}"


def _record(name: str, expression: str) -> Rule:
    return {"record": name, "expr": expression}


def _alert(name: str, expression: str, last: str, says: str, urgency: str, page: str) -> Rule:
    return {
        "alert": name,
        "expr": expression,
        "for": last,
        "labels": {"severity": urgency},
        "annotations": {"summary": says, "runbook": f"{FOLDER}/{page}"},
    }


def _camel(*parts: str) -> str:
    return "".join(word.capitalize() for part in parts for word in part.split("-"))
