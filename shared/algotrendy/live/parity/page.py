"""Write the parity report of a run: one HTML page that needs nothing from the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from algotrendy.backtest.report.embedding import prose, resource
from algotrendy.live.parity.differences import Cause

_WIDTH, _HEIGHT = 1000.0, 260.0
_MOST_ROWS: Final = 400
_STYLE = """
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: right; padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); }
th.words, td.words { text-align: left; }
td:first-child { white-space: nowrap; }
.scroll { overflow-x: auto; }
.passed { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 13px; }
svg polyline { fill: none; stroke-width: 1.8; vector-effect: non-scaling-stroke; }
svg .ledger { stroke: var(--accent); }
svg .backtest { stroke: var(--other); stroke-dasharray: 6 4; }
"""
CAUSES: Final[Mapping[str, str]] = {
    Cause.FILL_PRICE: "The market gave another price than the engine's rules on the next bar.",
    Cause.FEE: "Fees, dividends or interest were others than the terms say.",
    Cause.LATENCY: "It was filled in a later bar than the backtest's, or waits still.",
    Cause.PARTIAL: "The broker filled another part of what was asked.",
    Cause.CORRECTION: "Bars were corrected after the decision.",
    Cause.REJECT: "The broker refused the order.",
    Cause.LIMIT: "Our own limits of risk refused the order.",
    Cause.PAUSED: "Nothing was to be sent then: the run was paused, late, stopped or flattened.",
    Cause.CONSEQUENCE: "The account was another one by then, through the differences before.",
    Cause.UNEXPLAINED: "Nothing above explains it: a fault of ours until somebody shows otherwise.",
}


def render_parity(document: Mapping[str, Any]) -> bytes:
    """Give the report as UTF-8 HTML; the same document gives the same bytes."""
    title = f"{document['version']}, live and in the backtest"
    subtitle = (
        f"{', '.join(document['symbols'])} · {document['timeframe']} · {document['account']} · "
        f"{document['first'][:10]} to {document['last'][:10]}"
    )
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{resource("page.css")}{_STYLE}</style>
</head>
<body>
<header><div><p class="kicker">AlgoTrendy · parity report</p><h1>{escape(title)}</h1>
<p class="subtitle">{escape(subtitle)}</p></div></header>
<main>
<section><h2>{_verdict(document)}</h2><p class="lead">{prose(_LEAD)}</p>
<dl class="figures">{_figures(document)}</dl>
</section>
<section><h2>Why the money differs</h2><p class="lead">{prose(_MONEY)}</p>
{_table(("Cause", "", "Times", f"Cost, {document['currency']}"), _causes(document), words=2)}
</section>
<section><h2>Equity</h2>
<p class="key"><span>Live, by the ledger</span><span class="benchmark">Backtest</span></p>
{_curve(document["curve"])}
</section>
<section><h2>Differences</h2><p class="lead">{escape(_counted(document))}</p>
{_differences(document)}
</section>
<section><h2>What trading really cost</h2><p class="lead">{escape(document["costs"]["words"])}</p>
{_table(_COST_HEADINGS, _costs(document), words=2)}
</section>
<section><h2>Days</h2>
{_table(_DAY_HEADINGS, _days(document), words=1)}
</section>
<section><h2>Positions at the end</h2>
{_table(("Symbol", "Ledger", "Backtest"), _positions(document), words=1)}
</section>
</main>
<footer>{_footer(document)}</footer>
</body>
</html>
"""
    return page.encode()


_LEAD = (
    "Every decision was made again from the inputs that were recorded with it, and the same bars "
    "went through the whole backtest engine. Every order was looked up in the ledger, and what "
    "came of it compared with what the engine's rules expect on the next bar."
)
_MONEY = (
    "A cost above 0 is what the run has less than its backtest, over the bars as they are known "
    "now. All costs together are the whole difference in profit and loss; what they would leave "
    "stands as unexplained."
)
_COST_HEADINGS = ("Symbol", "Orders", "Measured", "Slippage, bps", "95 % interval")
_DAY_HEADINGS = ("Day", "Decisions", "Orders", "Unexplained", "Cost")


def _verdict(document: Mapping[str, Any]) -> str:
    count = document["unexplained"]
    if not count:
        return '<span class="passed">Live did what the backtest does</span>'
    differences = "difference is" if count == 1 else "differences are"
    return f'<span class="missed">{count:,} {differences} unexplained</span>'


def _figures(document: Mapping[str, Any]) -> str:
    money, currency = document["money"], document["currency"]
    figures = (
        ("Decisions", f"{document['decisions']:,}", f"in {document['steps']:,} steps"),
        ("Orders", f"{document['orders']:,}", f"{document['executions']:,} executions"),
        (
            "Unexplained",
            f"{document['unexplained']:,}",
            f"of {document['differences_in_all']:,} differences",
        ),
        ("Live", _amount(money["ledger"]), f"{currency} of profit and loss, by the ledger"),
        ("Backtest", _amount(money["backtest"]), f"{currency}, on the bars as known now"),
        ("Difference", _amount(money["cost"]), f"{currency} that live has less"),
        ("Rounding", f"{float(money['rounding']):.0e}", "that no cost explains, below a cent"),
        ("Days", f"{len(document['days']):,}", "on which it was to decide"),
    )
    return "".join(
        f'<div><dt>{escape(label)}</dt><dd class="value">{escape(value)}</dd>'
        f'<dd class="beside">{escape(beside)}</dd></div>'
        for label, value, beside in figures
    )


def _causes(document: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    for each in document["money"]["causes"]:
        name = escape(each["cause"])
        if each["cause"] == Cause.UNEXPLAINED:
            name = f'<span class="missed">{name}</span>'
        yield name, escape(CAUSES[each["cause"]]), f"{each['count']:,}", _amount(each["cost"])
    yield (
        "<strong>Together</strong>",
        "",
        f"{document['differences_in_all']:,}",
        (f"<strong>{_amount(document['money']['cost'])}</strong>"),
    )


def _counted(document: Mapping[str, Any]) -> str:
    shown = min(len(document["differences"]), _MOST_ROWS)
    if shown == document["differences_in_all"]:
        return f"All {shown:,} of them." if shown else "None: everything is as in the backtest."
    return f"The first {shown:,} of {document['differences_in_all']:,}, the unexplained ones first."


def _differences(document: Mapping[str, Any]) -> str:
    rows = (
        (
            escape(each["at"][:16].replace("T", " ")),
            escape(f"{each['symbol']} {each['subject']}".strip()),
            f'<span class="missed">{escape(each["cause"])}</span>'
            if each["cause"] == Cause.UNEXPLAINED
            else escape(each["cause"]),
            escape(each["expected"]),
            escape(each["found"]),
            _amount(each["cost"]),
        )
        for each in document["differences"][:_MOST_ROWS]
    )
    return _table(("Decided", "What", "Cause", "Backtest", "Live", "Cost"), rows, words=5)


def _costs(document: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    for each in document["costs"]["each"]:
        low, high = each["low_bps"], each["high_bps"]
        interval = "" if low is None else f"{low:.2f} to {high:.2f}"
        yield (
            escape(each["symbol"]),
            escape(each["order_kind"]),
            f"{each['orders']:,}",
            f"{each['mean_bps']:.2f}",
            interval,
        )


def _days(document: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    for each in document["days"]:
        if each["decisions"] or each["orders"] or each["unexplained"]:
            yield (
                escape(each["day"]),
                f"{each['decisions']:,}",
                f"{each['orders']:,}",
                f"{each['unexplained']:,}",
                _amount(each["cost"]),
            )


def _positions(document: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    for each in document["positions"]:
        yield escape(each["symbol"]), escape(each["ledger"]), escape(each["backtest"])


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int) -> str:
    """Write a table of cells that are HTML, of which the first so many columns are words."""

    def cell(tag: str, place: int, content: str) -> str:
        kind = ' class="words"' if place < words else ""
        return f"<{tag}{kind}>{content}</{tag}>"

    head = "".join(cell("th", place, escape(each)) for place, each in enumerate(headings))
    body = "".join(
        f"<tr>{''.join(cell('td', place, each) for place, each in enumerate(row))}</tr>"
        for row in rows
    )
    if not body:
        return "<p>Nothing.</p>"
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _curve(curve: Mapping[str, Any]) -> str:
    both = [*curve["ledger"], *curve["backtest"]]
    low, high = min(both), max(both)
    reach = (high - low) or 1.0
    steps = max(len(curve["ledger"]) - 1, 1)

    def line(name: str) -> str:
        points = " ".join(
            f"{place / steps * _WIDTH:.1f},{(high - value) / reach * (_HEIGHT - 40) + 20:.1f}"
            for place, value in enumerate(curve[name])
        )
        return f'<polyline class="{name}" points="{points}"/>'

    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        'aria-label="Equity by the ledger and in the backtest over time">'
        f"{line('backtest')}{line('ledger')}"
        f'<text x="4" y="14">{high:,.0f}</text><text x="4" y="{_HEIGHT - 4:.0f}">{low:,.0f}</text>'
        "</svg>"
    )


def _amount(text: str) -> str:
    return f"{float(text):,.2f}".replace("-", "−")


def _footer(document: Mapping[str, Any]) -> str:
    identity = document["identity"]
    return escape(
        f"Run {document['run_id']}. Engine {identity['engine']}, code sha256 "
        f"{identity['code_sha256']}, data sha256 {identity['data_then_sha256']} then, "
        f"{identity['data_now_sha256']} now."
    )
