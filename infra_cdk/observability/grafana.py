"""Make Grafana's dashboards of the same pages: of Prometheus where it can be, else CloudWatch."""

from collections.abc import Iterable
from typing import Any, Final

from infra_cdk.observability.pages import PAGES, Page, Panel
from infra_cdk.observability.prometheus import JOBS
from infra_cdk.observability.table import NAMESPACE, Kind, Metric, Unit, Writer, metric

SCHEMA: Final = 39
WIDTH, HEIGHT, A_ROW = 8, 8, 3
_UNITS: Final = {
    Unit.SECONDS: "s",
    Unit.BYTES: "bytes",
    Unit.RATIO: "percentunit",
    Unit.BASIS_POINTS: "none",
    Unit.COUNT: "short",
}
_STATISTICS: Final = {
    Kind.COUNTER: ("Sum",),
    Kind.GAUGE: ("Maximum",),
    Kind.HISTOGRAM: ("p50", "p99"),
}
_WRITERS: Final = {"trading": Writer.EXECUTION, "market_data": Writer.STREAMING}

Json = dict[str, Any]


def dashboards() -> dict[str, Json]:
    """Give every dashboard by its file's name."""
    return {f"{page.name}.json": _dashboard(page) for page in PAGES}


def _dashboard(page: Page) -> Json:
    panels = [_panel(panel, number) for number, panel in enumerate(page.panels)]
    return {
        "uid": f"algotrendy-{page.name}",
        "title": f"AlgoTrendy: {page.title}",
        "tags": ["algotrendy"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                _datasource("prometheus", "Prometheus"),
                _datasource("cloudwatch", "CloudWatch"),
            ]
        },
        "panels": panels,
    }


def _datasource(kind: str, label: str) -> Json:
    return {"name": kind, "label": label, "type": "datasource", "query": kind, "hide": 0}


def _panel(panel: Panel, number: int) -> Json:
    found = [metric(name) for name in panel.metrics]
    writer = _WRITERS.get(panel.service)
    is_scraped = all(writer in each.writers for each in found)
    kind = "prometheus" if is_scraped else "cloudwatch"
    targets = (
        _asked_of_prometheus(panel, found) if is_scraped else _asked_of_cloudwatch(panel, found)
    )
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": "; ".join(f"{each.name}: {each.says}" for each in found),
        "datasource": {"type": kind, "uid": f"${{{kind}}}"},
        "gridPos": {
            "h": HEIGHT,
            "w": WIDTH,
            "x": WIDTH * (number % A_ROW),
            "y": HEIGHT * (number // A_ROW),
        },
        "fieldConfig": {
            "defaults": {
                "unit": _UNITS[found[0].unit],
                "custom": {"fillOpacity": 8, "showPoints": "never", "spanNulls": True},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [{"refId": chr(ord("A") + n), **each} for n, each in enumerate(targets)],
    }


def _asked_of_prometheus(panel: Panel, found: Iterable[Metric]) -> list[Json]:
    targets = []
    for each in found:
        name, only = each.in_prometheus, f'{{job="{JOBS[_WRITERS[panel.service]]}"}}'
        by = f" by ({panel.by})" if panel.by else ""
        label = f"{{{{{panel.by}}}}}" if panel.by else each.name
        match each.kind:
            case Kind.COUNTER:
                targets.append((f"sum{by} (rate({name}{only}[5m]))", label))
            case Kind.GAUGE:
                targets.append((f"max{by} ({name}{only})", label))
            case Kind.HISTOGRAM:
                parts = ", ".join(("le", *([panel.by] if panel.by else [])))
                spread = f"sum by ({parts}) (rate({name}_bucket{only}[5m]))"
                targets += [
                    (f"histogram_quantile({q:g}, {spread})", f"{label} p{q * 100:g}")
                    for q in (0.5, 0.99)
                ]
    return [{"expr": expression, "legendFormat": label} for expression, label in targets]


def _asked_of_cloudwatch(panel: Panel, found: Iterable[Metric]) -> list[Json]:
    return [
        {
            "region": "default",
            "namespace": NAMESPACE,
            "metricName": each.name,
            "dimensions": {"service": panel.service, **_every(each, panel.by)},
            "statistic": statistic,
            "period": "60",
            "matchExact": True,
            "queryMode": "Metrics",
            "metricQueryType": 0,
            "metricEditorMode": 0,
            "label": f"{'${PROP(' + repr('Dim.' + panel.by) + ')}' if panel.by else each.name} "
            f"{statistic}",
        }
        for each in found
        for statistic in _STATISTICS[each.kind]
    ]


def _every(found: Metric, by: str | None) -> dict[str, str]:
    return dict.fromkeys(found.by, "*") if by else {}
