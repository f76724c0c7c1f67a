"""Judge one symbol's market data, and write it down for programs and persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import TradingCalendar, calendar_of
from algotrendy.market_data.quality.findings import Finding, Kind, Rules, Weight
from algotrendy.market_data.quality.gaps import Gaps, find_gaps, gap_findings, ns
from algotrendy.market_data.quality.outliers import outliers, unapplied_splits
from algotrendy.market_data.quality.values import (
    NewestQuote,
    StreamHole,
    duplicates,
    hole_findings,
    quote_findings,
    refused_findings,
    stale,
    zero_volume,
)
from algotrendy.market_data.series import BarSeries, session_date

LIVE_SESSIONS = 10
"""A symbol with a bar in so many sessions before now is alive: bars up to now are expected."""
_WEIGHTS = tuple(Weight)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to be judged of one symbol and timeframe.

    Attributes:
        raw: Bars as traded.
        adjusted: The same, adjusted for every action that is recorded.
        refused: By reason, trades that the stream refused: how many, first and last time.
        quote: The newest quote of the stream, where there is one.
        holes: Of the symbol's stream, within the range that is asked for.
    """

    raw: BarSeries
    adjusted: BarSeries
    refused: Mapping[str, tuple[int, int, int]] | None = None
    quote: NewestQuote | None = None
    holes: Sequence[StreamHole] = ()


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What was found of one symbol's bars.

    Attributes:
        calendar: Name of the calendar that sessions are those of.
        findings: By time, the graver first at one time.
        looked_at: The moment up to which bars were expected.
    """

    symbol: Symbol
    timeframe: Timeframe
    calendar: str
    bars: int
    gaps: Gaps
    findings: tuple[Finding, ...]
    looked_at: datetime

    @property
    def is_good(self) -> bool:
        """Say whether nothing graver than a note was found."""
        return all(finding.weight is Weight.NOTE for finding in self.findings)

    @property
    def completeness(self) -> float:
        """Give the share of the expected sessions that have bars, 0 to 1."""
        expected = len(self.gaps.sessions)
        return 1.0 if not expected else 1 - len(self.gaps.missing) / expected

    def counts(self) -> dict[Kind, int]:
        """Count what was found, by kind; what was not found is not there."""
        found: Counter[Kind] = Counter()
        for finding in self.findings:
            found[finding.kind] += finding.count
        return dict(sorted(found.items()))


def inspect(
    evidence: Evidence,
    now: datetime,
    rules: Rules | None = None,
    calendar: TradingCalendar | None = None,
) -> QualityReport:
    """Judge what is stored of a symbol.

    Args:
        now: Sessions that ended by then are expected of a symbol that is alive; of one whose bars
            end long before, sessions up to its last bar.
    """
    raw = evidence.raw
    daily = raw.timeframe is Timeframe.DAY
    calendar = calendar or calendar_of(raw.symbol)
    rules = rules or Rules.for_bars(daily=daily)
    gaps = find_gaps(raw.times, raw.timeframe, calendar, last_expected(raw, calendar, now))
    splits = list(unapplied_splits(evidence.adjusted, rules))
    explained = {finding.first for finding in splits}
    found: list[Finding] = [
        *gap_findings(gaps, raw.timeframe),
        *duplicates(raw),
        *stale(raw, rules),
        *zero_volume(raw),
        *splits,
        *outliers(evidence.adjusted, rules, explained),
        *refused_findings(evidence.refused or {}),
        *hole_findings(evidence.holes),
    ]
    if evidence.quote:
        found += quote_findings(evidence.quote, ns(now), rules, is_open=calendar.is_open(now))
    found.sort(key=lambda each: (each.first, _WEIGHTS.index(each.weight), each.kind))
    return QualityReport(
        raw.symbol, raw.timeframe, calendar.name, len(raw), gaps, tuple(found), now
    )


def last_expected(series: BarSeries, calendar: TradingCalendar, now: datetime) -> date | None:
    """Give the last session whose bars should be there, or None for that of the last bar."""
    today = calendar.date_at(now)
    if not series.times or not calendar.first < today <= calendar.last:
        return None
    ended = calendar.previous_session(today)
    session = calendar.session(today)
    if session is not None and session.post_close <= now:
        ended = session
    oldest = ended
    for _ in range(LIVE_SESSIONS):
        if oldest.date <= calendar.first:
            break
        oldest = calendar.previous_session(oldest.date)
    return ended.date if session_date(series.times[-1]) >= oldest.date else None


def as_json(report: QualityReport, most: int = 1000) -> dict[str, Any]:
    """Write a report as JSON values; of its findings, the first ``most``."""
    gaps = report.gaps
    return {
        "symbol": str(report.symbol),
        "timeframe": str(report.timeframe),
        "calendar": report.calendar,
        "looked_at": report.looked_at.isoformat(),
        "good": report.is_good,
        "bars": report.bars,
        "sessions": {
            "first": _text(gaps.sessions[:1]),
            "last": _text(gaps.sessions[-1:]),
            "expected": len(gaps.sessions),
            "missing": len(gaps.missing),
            "thin": len(gaps.thin),
        },
        "completeness": round(report.completeness, 6),
        "missing_bars": gaps.bars,
        "counts": {str(kind): count for kind, count in report.counts().items()},
        "findings": [_finding(each) for each in report.findings[:most]],
        "findings_in_all": len(report.findings),
    }


def worst_first(reports: Iterable[QualityReport]) -> list[QualityReport]:
    """Sort reports: most errors first, then most warnings, then by name."""

    def badness(report: QualityReport) -> tuple[int, int, str]:
        weights = Counter(finding.weight for finding in report.findings)
        return -weights[Weight.ERROR], -weights[Weight.WARNING], report.symbol

    return sorted(reports, key=badness)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.kind),
        "weight": str(finding.weight),
        "first": moment(finding.first),
        "last": moment(finding.last),
        "count": finding.count,
        "detail": finding.detail,
    }


def moment(time_ns: int) -> str:
    """Write a time (ns UTC) as ISO 8601, to the second."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(days: Sequence[date]) -> str | None:
    return str(days[0]) if days else None
