"""Draw the status page: one HTML file that loads nothing, and the document beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path

from algotrendy.operations.status.bars import bars
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import BY_ID, Component, State
from algotrendy.operations.status.document import document, headline, overall, shown_states
from algotrendy.operations.status.incidents import Incident
from algotrendy.operations.status.maintenance import Maintenance
from algotrendy.operations.status.ports import Page
from algotrendy.operations.status.standing import Standing
from algotrendy.operations.status.uptime import percent

INDEX = "index.html"
DOCUMENT = "status.json"
LATE = timedelta(minutes=5)
"""A page that is older says that nobody looks any more."""
_RECENT = timedelta(days=14)

_MARKS = {
    State.OPERATIONAL: "✓ Operational",
    State.DEGRADED: "▲ Degraded",
    State.OUTAGE: "✕ Outage",
    State.MAINTENANCE: "⚒ Maintenance",
    State.UNKNOWN: "? Not known",
}


def pages_of(board: Board, now: datetime) -> dict[str, Page]:
    """Give the files that are public."""
    told = json.dumps(document(board, now), separators=(",", ":"), ensure_ascii=False)
    return {
        DOCUMENT: Page(told.encode(), "application/json"),
        INDEX: Page(html(board, now).encode(), "text/html; charset=utf-8"),
    }


def html(board: Board, now: datetime) -> str:
    """Draw the page. Whatever a person wrote into it is text, and stays text."""
    state = overall(board, now)
    sections = [
        _incidents("Now", [each for each in board.incidents if each.is_open]),
        _works([work for work in board.maintenances if not work.is_over(now)], now),
        _components(board, now),
        _past(board, now),
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<title>{_MARKS[state][:1]} {escape(headline(board, now))} · AlgoTrendy status</title>
<link rel="icon" href="data:,"><style>{_asset("page.css")}</style></head>
<body data-made="{_iso(now)}" data-late="{LATE.total_seconds():.0f}">
<header><h1>AlgoTrendy status</h1>
<div class="banner {state.value}" role="status"><p class="big">{escape(headline(board, now))}</p>
<p class="note">{_looked(board, now)}</p></div>
{_stale(board, now)}</header>
<main>{"".join(sections)}</main>
<footer>Times are UTC. Uptime is the share of the time that was looked at without an outage;
maintenance that was told of does not count. For programs:
<a href="{DOCUMENT}">{DOCUMENT}</a>.</footer>
<script>{_asset("page.js")}</script></body></html>
"""


@cache
def policy() -> str:
    """Give the page's content security policy: its own style and script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash('page.css')}'; script-src '{_hash('page.js')}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8").strip()


def _hash(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _looked(board: Board, now: datetime) -> str:
    if board.looked_at is None:
        return "Nobody has looked yet."
    return f"Last looked at {_moment(board.looked_at, now.date())}."


def _stale(board: Board, now: datetime) -> str:
    is_late = board.looked_at is not None and now - board.looked_at > LATE
    minutes = 0 if board.looked_at is None else round((now - board.looked_at).total_seconds() / 60)
    return (
        f'<div class="banner stale degraded" id="stale"{"" if is_late else " hidden"}>'
        f'<p>This is <span id="age">{minutes}</span> minutes old: what watches the platform does '
        "not work, or cannot be reached. How things stand now is not known.</p></div>"
    )


def _components(board: Board, now: datetime) -> str:
    items = [
        _component(component, state, board.standings.get(component.id, Standing()), now.date())
        for component, state in shown_states(board, now).items()
    ]
    if not items:
        return ""
    return (
        f'<section aria-label="Components"><h2>Components</h2><ul class="all">{"".join(items)}'
        "</ul></section>"
    )


def _component(component: Component, state: State, standing: Standing, today: date) -> str:
    uptime = percent(standing.tally.uptime(today))
    why = standing.reason if state is standing.state and state.is_trouble else ""
    because = f'<p class="why">{escape(why)}</p>' if why else ""
    return f"""<li class="{state.value}"><div class="row"><h3>{escape(component.name)}</h3>
<span class="state">{_MARKS[state]}</span></div>
<p class="says">{escape(component.says)}</p>{because}
{bars(component.name, standing.tally, today)}
<div class="scale"><span>90 days ago</span><span>{uptime} uptime</span><span>today</span></div></li>
"""


def _incidents(title: str, incidents: list[Incident]) -> str:
    if not incidents:
        return ""
    told = "".join(_incident(each) for each in reversed(incidents))
    return f'<section aria-label="{title}"><h2>{title}</h2>{told}</section>'


def _past(board: Board, now: datetime) -> str:
    past = [
        each
        for each in board.incidents
        if each.resolved_at is not None and now - each.resolved_at < _RECENT
    ]
    if not past:
        return "<section><h2>Last 14 days</h2><p>No incidents.</p></section>"
    return _incidents("Last 14 days", past)


def _incident(incident: Incident) -> str:
    colour = incident.impact if incident.is_open else State.OPERATIONAL
    names = ", ".join(each.name for key, each in BY_ID.items() if key in incident.affects)
    updates = "".join(
        f"<li><strong>{update.stage.value.capitalize()}</strong> "
        f'<span class="note">{_moment(update.at)}</span><p>{escape(update.text)}</p></li>'
        for update in reversed(incident.updates)
    )
    return (
        f'<article class="{colour.value}"><h3>{escape(incident.title)}</h3>'
        f'<p class="note">{escape(names)}</p><ol reversed>{updates}</ol></article>'
    )


def _works(works: list[Maintenance], now: datetime) -> str:
    if not works:
        return ""
    told = "".join(_work(each, now) for each in works)
    return f'<section aria-label="Maintenance"><h2>Maintenance</h2>{told}</section>'


def _work(work: Maintenance, now: datetime) -> str:
    names = ", ".join(BY_ID[name].name for name in work.components if name in BY_ID)
    when = "Under way until" if work.is_active(now) else "Planned from"
    first = "" if work.is_active(now) else f"{_moment(work.starts_at)} to "
    return (
        f'<article class="maintenance"><h3>{escape(work.title)}</h3>'
        f'<p class="note">{when} {first}{_moment(work.ends_at)} · {escape(names)}</p>'
        f"<p>{escape(work.text)}</p></article>"
    )


def _moment(moment: datetime, today: date | None = None) -> str:
    shape = "%H:%M:%S" if moment.date() == today else "%-d %B %Y, %H:%M"
    return f'<time datetime="{_iso(moment)}">{moment.strftime(shape)}</time> UTC'


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
