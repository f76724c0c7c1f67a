"""Measure in a service: for Prometheus, which asks for ``/metrics``, and for CloudWatch."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import Counter as PromCounter
from prometheus_client import Gauge as PromGauge
from prometheus_client import Histogram as PromHistogram

from algotrendy.platform import metrics
from algotrendy.platform.metric_table import METRICS, Kind, Metric, Writer
from algotrendy.platform.metrics import EmfLines, Labels

FLUSH_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 1.0
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_logger = logging.getLogger(__name__)


class Scraped:
    """Keeps what one writer measures in a registry of its own."""

    def __init__(self, writer: Writer) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, PromCounter] = {}
        self._gauges: dict[str, PromGauge] = {}
        self._histograms: dict[str, PromHistogram] = {}
        for metric in METRICS.values():
            if writer in metric.writers:
                self._add(metric)

    def take(self, metric: Metric, labels: Labels, value: float) -> None:
        """Take a value; what this writer is not to write is left out."""
        match metric.kind:
            case Kind.COUNTER if metric.name in self._counters:
                counter = self._counters[metric.name]
                (counter.labels(*labels) if labels else counter).inc(value)
            case Kind.GAUGE if metric.name in self._gauges:
                gauge = self._gauges[metric.name]
                (gauge.labels(*labels) if labels else gauge).set(value)
            case Kind.HISTOGRAM if metric.name in self._histograms:
                histogram = self._histograms[metric.name]
                (histogram.labels(*labels) if labels else histogram).observe(value)

    def text(self) -> bytes:
        """Write everything as Prometheus reads it."""
        return generate_latest(self.registry)

    def _add(self, metric: Metric) -> None:
        name, labels = metric.in_prometheus, tuple(metric.by)
        if metric.kind is Kind.COUNTER:
            self._counters[metric.name] = PromCounter(
                name, metric.says, labels, registry=self.registry
            )
        elif metric.kind is Kind.GAUGE:
            self._gauges[metric.name] = PromGauge(name, metric.says, labels, registry=self.registry)
        else:
            self._histograms[metric.name] = PromHistogram(
                name, metric.says, labels, buckets=metric.buckets, registry=self.registry
            )


class ServiceMetrics:
    """The measurements of one service's process.

    Args:
        capability: The dimension ``service`` of its metrics in CloudWatch.
        lines: Whether to write lines for CloudWatch too.
    """

    def __init__(self, writer: Writer, capability: str, *, lines: bool) -> None:
        self.scraped = Scraped(writer)
        self._lines = EmfLines(capability) if lines else None
        self._looks: list[Callable[[], None]] = []
        self._lag_s = 0.0
        metrics.measure_to(self.scraped, *([self._lines] if self._lines else []))

    def before_each(self, look: Callable[[], None]) -> None:
        """Call a function, on the loop's thread, before anything is told: it sets gauges."""
        self._looks.append(look)

    def text(self) -> bytes:
        """Look, and tell Prometheus everything."""
        self.look()
        return self.scraped.text()

    def look(self) -> None:
        """Set the gauges of the process, and those of whoever asked for it."""
        metrics.gauge("LoopLagSeconds", self._lag_s)
        metrics.gauge("MemoryBytes", _memory_bytes())
        self._lag_s = 0.0
        for look in self._looks:
            try:
                look()
            # What is measured must not end what is measured.
            except Exception:
                _logger.exception("a measurement failed")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Measure the process itself for the length of a ``with`` block."""
        watching = asyncio.create_task(self._run())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _run(self) -> None:
        """Watch how late the loop wakes, and write lines each minute, until cancelled."""
        loop = asyncio.get_running_loop()
        flushed = loop.time()
        try:
            while True:
                asked = loop.time()
                await asyncio.sleep(LOOK_EVERY_S)
                self._lag_s = max(self._lag_s, loop.time() - asked - LOOK_EVERY_S)
                if loop.time() - flushed >= FLUSH_EVERY_S:
                    flushed = loop.time()
                    self.flush()
        finally:
            self.flush()

    def flush(self) -> None:
        """Write lines for CloudWatch, where this process does."""
        if self._lines is not None:
            self.look()
            self._lines.flush()


def service_metrics(writer: Writer, capability: str) -> ServiceMetrics:
    """Begin to measure in this process; it writes lines where its environment names a namespace."""
    return ServiceMetrics(writer, capability, lines="POWERTOOLS_METRICS_NAMESPACE" in os.environ)


def _memory_bytes() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        # No Linux: the most that it ever was is what there is to know.
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return float(pages * resource.getpagesize())
