"""Write what a replay found as plain JSON, from which page and text are made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from algotrendy.backtest.calibration import Calibration, Slippage
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.outputs.json_form import plain as plain_json
from algotrendy.kernel.decimals import EXACT, plain, rounded
from algotrendy.live.parity.calibrating import calibrated
from algotrendy.live.parity.differences import Cause, Difference
from algotrendy.live.parity.kept import Document
from algotrendy.live.parity.replay import Replayed

FORMAT: Final = 1
MOST_DIFFERENCES: Final = 2_000
"""As many are listed; all are counted, and those unexplained come first."""
_POINTS = 1_000
_NOTHING: Final = Decimal("0.00")
_NS = 1_000_000_000


def described(found: Replayed) -> Document:
    """Give a replay as plain dicts, lists and texts; money as text."""
    record, steps = found.record, found.record.steps
    costs = calibration_of(found)
    symbols = record.bars_then.symbols
    return {
        "format": FORMAT,
        "run_id": str(record.run_id),
        "account": record.account,
        "version": record.version,
        "symbols": list(symbols),
        "timeframe": record.bars_then.timeframe,
        "currency": record.bars_then.currency,
        "capital": _text(Decimal(repr(record.terms.cash))),
        "first": _moment(steps[0].inputs.now),
        "last": _moment(steps[-1].inputs.now),
        "steps": len(steps),
        "decisions": sum(len(step.decisions) for step in steps),
        "orders": len(record.orders),
        "executions": sum(len(order.executions) for order in record.orders),
        "unexplained": len(found.unexplained),
        "is_corrected": found.is_corrected,
        "money": _money(found),
        "days": _days(found),
        "positions": _positions(found),
        "differences": [_difference(each) for each in _listed(found.differences)],
        "differences_in_all": len(found.differences),
        "costs": _costs(costs, found),
        "curve": _curve(found),
        "identity": {
            "engine": str(ENGINE_VERSION),
            "code_sha256": record.code_hash,
            "data_then_sha256": record.bars_then.sha256(),
            "data_now_sha256": record.bars_now.sha256(),
        },
    }


def calibration_of(found: Replayed) -> Calibration:
    """Measure what the fills of a replayed run cost."""
    record = found.record
    days = (
        f"{_moment(record.steps[0].inputs.now)[:10]} to {_moment(record.steps[-1].inputs.now)[:10]}"
    )
    return calibrated(
        f"{record.version} on {record.account}, {days}",
        record.bars_then.symbols,
        found.ledger,
        found.expected,
    )


def calibration_kept(document: Mapping[str, Any]) -> Calibration:
    """Read what fills cost from a report as it was kept, or as the API shows it."""
    costs = document["costs"]
    slipping = costs["slipping"]
    return Calibration(
        source=costs["source"],
        each=tuple(Slippage(**each) for each in costs["each"]),
        slipping=None if slipping is None else Slippage(**slipping),
        fee_bps=costs["fee_bps"],
    )


def summary_line(document: Mapping[str, Any]) -> str:
    """Say in one line what the replay came to."""
    return (
        f"parity: {document['decisions']:,} decisions, {document['orders']:,} orders, "
        f"{document['unexplained']:,} unexplained"
    )


def in_text(document: Mapping[str, Any]) -> str:
    """Say in a few lines what the replay came to, the summary last."""
    money, currency = document["money"], document["currency"]
    over = f"{document['first'][:10]} to {document['last'][:10]}"
    symbols = ", ".join(document["symbols"])
    both = f"{money['ledger']} {currency} live, {money['backtest']} in the backtest"
    lines = [
        f"{document['version']} on {document['account']}, {symbols}, {over}",
        f"profit and loss: {both}, {money['cost']} less live",
    ]
    lines += [
        f"  {each['cause']}: {each['count']:,}, {each['cost']} {currency}"
        for each in money["causes"]
    ]
    lines += [
        f"  unexplained, {each['at'][:16]} {each['symbol']}: expected {each['expected']}, found "
        f"{each['found']}"
        for each in document["differences"]
        if each["cause"] == Cause.UNEXPLAINED
    ][:_SHOWN]
    return "\n".join((*lines, document["costs"]["words"], summary_line(document)))


_SHOWN = 20


def days_of(document: Mapping[str, Any]) -> int:
    """Count the sessions on which the run was to decide."""
    return len(document["days"])


def _money(found: Replayed) -> Document:
    money = found.money
    counted = Counter(each.cause for each in found.differences)
    return {
        "ledger": _text(money.ledger),
        "backtest": _text(money.backtest),
        "cost": _text(money.cost),
        "rounding": str(money.rounding),
        "causes": [
            {"cause": str(cause), "count": counted[cause], "cost": _text(cost)}
            for cause, cost in money.causes
        ],
    }


def _days(found: Replayed) -> list[Document]:
    """Count by the session's date, in UTC; a close at midnight belongs to the day before."""
    decisions: dict[date, int] = defaultdict(int)
    for step in found.record.steps[found.record.trade_from :]:
        decisions[_day(step.inputs.now)] += len(step.decisions)
    orders: dict[date, int] = defaultdict(int)
    by_desk = {
        each.order: step.inputs.now for step in found.record.steps for each in step.decisions
    }
    for order in found.record.orders:
        if order.desk_order in by_desk:
            orders[_day(by_desk[order.desk_order])] += 1
    unexplained = Counter(_day(each.at) for each in found.unexplained)
    costs: dict[date, Decimal] = defaultdict(Decimal)
    for each in found.differences:
        costs[_day(each.at)] = EXACT.add(costs[_day(each.at)], each.cost)
    return [
        {
            "day": day.isoformat(),
            "decisions": decisions[day],
            "orders": orders[day],
            "unexplained": unexplained[day],
            "cost": _text(costs[day]),
        }
        for day in sorted(decisions)
    ]


def _positions(found: Replayed) -> list[Document]:
    backtest = found.backtest.raw.positions.tolist()
    both = zip(found.record.bars_then.symbols, found.record.money.positions, backtest, strict=True)
    return [
        {"symbol": symbol, "ledger": f"{units:f}", "backtest": f"{engine:g}"}
        for symbol, units, engine in both
    ]


def _listed(differences: Sequence[Difference]) -> Sequence[Difference]:
    ordered = sorted(differences, key=lambda each: each.cause.is_explained)
    return ordered[:MOST_DIFFERENCES]


def _difference(each: Difference) -> Document:
    return {
        "subject": str(each.subject),
        "cause": str(each.cause),
        "step": each.step,
        "at": _moment(each.at),
        "symbol": each.symbol,
        "order": each.order,
        "expected": each.expected,
        "found": each.found,
        "cost": _text(each.cost),
    }


def _costs(costs: Calibration, found: Replayed) -> Document:
    body = asdict(costs)
    return {
        "source": body["source"],
        "each": plain_json(body["each"]),
        "slipping": plain_json(body["slipping"]),
        "fee_bps": plain_json(body["fee_bps"]),
        "words": costs.in_words(),
        "terms": plain_json(asdict(costs.terms(found.record.terms))),
    }


def _curve(found: Replayed) -> Document:
    """Give the equity of both at each step that trades, thinned to what a chart can show."""
    assets = found.record.bars_then.assets
    marks = [0.0 for _ in assets]
    times, ledger = [], []
    for step in found.record.steps:
        for bar in step.inputs.bars:
            if not bar.frame:
                marks[bar.asset] = bar.close
        account = step.inputs.account
        held = zip(account.positions, marks, assets, strict=True)
        times.append(step.inputs.now // _NS)
        ledger.append(account.cash + sum(units * mark * of.multiplier for units, mark, of in held))
    backtest = found.backtest.raw.equity.tolist()
    each = -(-len(times) // _POINTS)
    last = len(times) - 1
    kept = [*range(found.record.trade_from, last, each), last]
    return {
        "seconds": [times[place] for place in kept],
        "ledger": [round(ledger[place], 2) for place in kept],
        "backtest": [round(backtest[place], 2) for place in kept],
    }


def _text(amount: Decimal) -> str:
    # An amount of nothing has no sign.
    return plain(rounded(amount, 2) or _NOTHING)


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS, UTC).isoformat()


def _day(time_ns: int) -> date:
    return datetime.fromtimestamp((time_ns - 1) // _NS, UTC).date()
