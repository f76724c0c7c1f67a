"""`algotrendy strategy start, status, pause, resume, stop, flatten`: runs of what is registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from algotrendy.cli.trading_calls import (
    ACCOUNT,
    AsJson,
    Reason,
    connected,
    fresh_key,
    print_json,
    say,
)

_Run = Annotated[str, typer.Argument(metavar="RUN", help="The id of the run.")]


def start(
    strategy: Annotated[
        str,
        typer.Argument(metavar="NAME[@VERSION]", help="Such as trend@3; or trend: its newest."),
    ],
    account: Annotated[
        str,
        typer.Option("--account", "-a", help="The whole account; the run gets a part of it."),
    ] = ACCOUNT,
    capital: Annotated[
        str | None,
        typer.Option(help="Cash of its part; without, what the part has from an earlier run."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Seconds within which a bar must come; without, as in a replay."),
    ] = None,
    trades_after: Annotated[
        str | None, typer.Option(help="Bars known by then are warm-up, such as 2024-01-02T00:00Z.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a registered strategy on a part of an account.

    It is told of every bar since its warm-up began, and sends orders from the first bar after now.
    """
    from algotrendy.live.versions import parse_label

    name, version = parse_label(strategy)
    body = {
        "name": name,
        "version": version,
        "account": account,
        "capital": capital,
        "patience_s": patience,
        "trades_after": trades_after,
    }
    given = {field: value for field, value in body.items() if value is not None}
    with connected() as api:
        found = api.post("/v1/strategy-runs", given, fresh_key())
    if as_json:
        print_json(found)
        return
    say(f"run {found['id']} of {found['name']}@{found['version']} on {found['account']}")
    if found["patience_s"] is None:
        say("nobody watches the clock: a bar that stays away is no trouble, as in a replay")
    say(f"see it: algotrendy strategy status {found['id']}")


def status(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The id of a run; without, the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a run stands, with its last steps; or list the newest runs."""
    with connected() as api:
        if run is None:
            found = api.get("/v1/strategy-runs")
        else:
            found = {
                **api.get(f"/v1/strategy-runs/{run}"),
                "profit": api.get(f"/v1/strategy-runs/{run}/profit-and-loss")["profit"],
                "last_steps": api.get(f"/v1/strategy-runs/{run}/steps")["steps"][:5],
            }
    if as_json:
        print_json(found)
    elif run is None:
        for each in found["runs"]:
            say(_line(each))
        if not found["runs"]:
            say("no runs yet: algotrendy strategy start NAME --capital 10000")
    else:
        _show(found)


def pause(run: _Run, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let a run decide on and send nothing; its open orders and positions stay."""
    _want(run, "paused", reason, as_json=as_json)


def resume(run: _Run, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let a paused run send again; also one that failed, timed out or asked for too much."""
    _want(run, "running", reason, as_json=as_json)


def stop(run: _Run, reason: Reason = "", as_json: AsJson = False) -> None:
    """End a run for good: its open orders are cancelled, its positions stay."""
    _want(run, "stopped", reason, as_json=as_json)


def flatten(run: _Run, reason: Reason = "", as_json: AsJson = False) -> None:
    """End a run for good: its open orders are cancelled, its positions closed at the market."""
    _want(run, "flattened", reason, as_json=as_json)


def _want(run: str, state: str, reason: str, *, as_json: bool) -> None:
    with connected() as api:
        found = api.put(f"/v1/strategy-runs/{run}/state", {"state": state, "reason": reason})
    if as_json:
        print_json(found)
    else:
        say(_line(found))


def _line(run: Mapping[str, Any]) -> str:
    words = [run["id"], f"{run['name']}@{run['version']}", run["account"], run["state"]]
    if run["reason"]:
        words.append(f"({run['reason']})")
    return "  ".join(str(word) for word in words)


def _show(run: Mapping[str, Any]) -> None:
    say(_line(run))
    profit = run["profit"]
    earned = "nothing told yet" if profit is None else f"{profit:+,.2f} on {run['capital']}"
    say(f"{run['steps']} steps, {', '.join(run['symbols'])} {run['timeframe']}, {earned}")
    for step in run["last_steps"]:
        say(f"  step {step['step']} at {step['bar_at']}: {_decided(step)}")


def _decided(step: Mapping[str, Any]) -> str:
    if not step["decisions"]:
        return "nothing" if step["sends"] else "told, without sending"
    return "; ".join(
        f"{each['kind']} {each['side']} {each['units']:g} {each['symbol']}: {each['fate']}"
        + (f" ({each['reason']})" if each["reason"] else "")
        for each in step["decisions"]
    )
