"""Make CloudWatch's metrics and graphs of the table."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra_cdk.observability.pages import Panel
from infra_cdk.observability.table import NAMESPACE, Kind, metric

MINUTE = Duration.minutes(1)
STATISTICS = {Kind.COUNTER: ("Sum",), Kind.GAUGE: ("Maximum",), Kind.HISTOGRAM: ("p50", "p99")}


def of_service(name: str, service: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    """Give a metric of one service as a whole."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric(name).name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=period,
    )


def graph(panel: Panel) -> cloudwatch.GraphWidget:
    """Draw a panel."""
    lines: list[cloudwatch.IMetric] = []
    for name in panel.metrics:
        for statistic in STATISTICS[metric(name).kind]:
            if panel.by:
                lines.append(_by(name, panel.service, panel.by, statistic))
            else:
                lines.append(
                    of_service(name, panel.service, statistic, MINUTE).with_(
                        label=name if len(panel.metrics) > 1 else statistic
                    )
                )
    return cloudwatch.GraphWidget(title=panel.title, left=lines, width=8, height=6)


def _by(name: str, service: str, by: str, statistic: str) -> cloudwatch.IMetric:
    """Find every series by a dimension: those that there will be later, too."""
    found = metric(name)
    if by not in found.by:
        raise KeyError(f"{name} has no dimension {by}")
    schema = ",".join((NAMESPACE, "service", *found.by))
    search = (
        f"SEARCH('{{{schema}}} MetricName=\"{name}\" service=\"{service}\"', '{statistic}', 60)"
    )
    return cloudwatch.MathExpression(
        expression=search,
        using_metrics={},
        label=f"${{PROP('Dim.{by}')}} {statistic}",
        period=MINUTE,
    )
