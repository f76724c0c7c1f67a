"""Bring in the product's table of metrics, which needs nothing but Python."""

import sys

from infra_cdk.config import ROOT

_SHARED = str(ROOT / "shared")
if _SHARED not in sys.path:
    sys.path.append(_SHARED)

from algotrendy.platform import metric_table  # noqa: E402 - the path comes first
from algotrendy.platform.metric_table import (  # noqa: E402
    METRICS,
    NAMESPACE,
    Kind,
    Metric,
    Unit,
    Writer,
)

__all__ = ["METRICS", "NAMESPACE", "Kind", "Metric", "Unit", "Writer", "metric", "metric_table"]


def metric(name: str) -> Metric:
    """Give a metric of the table; a misspelt name is a KeyError at synth."""
    return METRICS[name]
