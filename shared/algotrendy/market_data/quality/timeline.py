"""Draw which sessions are there and which are missing: in letters, and as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from html import escape
from itertools import groupby

from algotrendy.market_data.quality.gaps import Gaps
from algotrendy.market_data.quality.report import QualityReport

_CELL, _GAP, _LABEL = 10, 2, 44
COLORS = {"present": "#2e8b57", "thin": "#e0a030", "missing": "#c0392b"}
_WEEKS = 54


class State(StrEnum):
    """How a session, or the worst session of a week, is."""

    PRESENT = "present"
    THIN = "thin"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Row:
    """One year: its weeks from 0 to 53, None where no session was expected."""

    year: int
    weeks: tuple[State | None, ...]


def states(gaps: Gaps) -> list[tuple[date, State]]:
    """Give each expected session with its state."""
    missing = set(gaps.missing)
    thin = {session for session, _ in gaps.thin}
    return [
        (
            session,
            State.MISSING
            if session in missing
            else State.THIN
            if session in thin
            else State.PRESENT,
        )
        for session in gaps.sessions
    ]


def weeks(gaps: Gaps) -> list[Row]:
    """Give a row for each year; a week is as bad as its worst session."""
    order = list(State)
    rows = []
    for year, sessions in groupby(states(gaps), key=lambda item: item[0].year):
        found: list[State | None] = [None] * _WEEKS
        for session, state in sessions:
            week = _week(session)
            known = found[week]
            if known is None or order.index(state) > order.index(known):
                found[week] = state
        rows.append(Row(year, tuple(found)))
    return rows


def svg(reports: Iterable[QualityReport]) -> str:
    """Draw the sessions of each report as a picture: a square each, columns are weeks."""
    parts: list[str] = []
    top = 0
    for report in reports:
        by_year = {
            year: list(sessions)
            for year, sessions in groupby(states(report.gaps), key=lambda item: item[0].year)
        }
        title = f"{report.symbol} {report.timeframe}: {report.completeness:.2%} of sessions"
        top += 22
        parts.append(f'<text x="4" y="{top}" class="title">{escape(title)}</text>')
        days = 1 + max((day.weekday() for day in report.gaps.sessions), default=0)
        for year, sessions in by_year.items():
            top += 8
            parts.append(f'<text x="4" y="{top + _CELL}">{year}</text>')
            parts += _squares(sessions, top)
            top += days * (_CELL + _GAP)
        top += 12
    width = _LABEL + _WEEKS * (_CELL + _GAP) + 8
    style = "text{font:11px sans-serif;fill:#555}.title{font:bold 13px sans-serif;fill:#222}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top + 8}" '
        f'viewBox="0 0 {width} {top + 8}">'
    )
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{style}</style>", ground, *parts, "</svg>"]) + "\n"


def _squares(sessions: Sequence[tuple[date, State]], top: int) -> list[str]:
    found = []
    for session, state in sessions:
        left = _LABEL + _week(session) * (_CELL + _GAP)
        place = f'x="{left}" y="{top + session.weekday() * (_CELL + _GAP)}"'
        size = f'width="{_CELL}" height="{_CELL}"'
        words = f"<title>{session}: {state}</title>"
        found.append(f'<rect {place} {size} rx="2" fill="{COLORS[state]}">{words}</rect>')
    return found


def _week(session: date) -> int:
    return (session.timetuple().tm_yday - 1 + date(session.year, 1, 1).weekday()) // 7
