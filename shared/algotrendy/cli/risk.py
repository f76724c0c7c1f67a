"""`algotrendy risk`: limits, trading state, the kill switch, and what is at stake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from algotrendy.cli.paged import Everything, From, Limit, read_list, say_more
from algotrendy.cli.risk_view import print_limits, print_risk, print_states, print_switches
from algotrendy.cli.trading_calls import (
    ACCOUNT,
    HELP_NAMES,
    Account,
    AsJson,
    connected,
    console,
    fresh_key,
    print_json,
    say,
)
from algotrendy.kernel.errors import Invalid

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Limits, trading state, kill switch: what an account may do, and what is at stake.",
    context_settings=HELP_NAMES,
)

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


class State(StrEnum):
    """What an account may do."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


Why = Annotated[str, typer.Option("--reason", "-r", help="Why; kept in the audit.")]


@app.command()
def status(account: Account = ACCOUNT, as_json: AsJson = False) -> None:
    """Show what an account may do, its exposure, its loss so far, and what it may lose."""
    with connected() as api:
        report = api.get("/v1/risk", account=account)
        states = api.get("/v1/trading-state", account=account)
    if as_json:
        print_json({**report, "trading_state": states})
        return
    print_states(console(), states)
    print_risk(console(), report)


@app.command()
def limits(
    account: Account = ACCOUNT,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change one: order_notional=50000, daily_loss=none, restricted=GME,AMC, "
            "order_rate=100/60. Again for more.",
        ),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Set it for one strategy, not for the account.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Set it for one symbol, not for the account.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="JSON with account, strategies, symbols: the whole of each."),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every version: who made it, and why.")
    ] = False,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Show the limits of an account, or change them: each change is a new version.

    `algotrendy risk limits --set order_notional=50000 --set daily_loss=2500 --reason first`

    Changing needs the role risk_manager. Somebody else's change in between is a conflict, and
    nothing is lost: look again, then decide again.
    """
    if history and (set_ or file):
        raise Invalid("history", "alone: it only shows", "with changes")
    if set_ and file:
        raise Invalid("file", "given, or --set, and not both", str(file))
    with connected() as api:
        if history:
            found = read_list(api, "/v1/limits/versions", "versions", None, None, account=account)
        else:
            found = api.get("/v1/limits", account=account)
            if set_ or file:
                changes = (
                    read_limits(file) if file else changed(found, set_ or [], strategy, symbol)
                )
                body = {"version": found["version"], "reason": reason, **changes}
                found = api.put("/v1/limits", body, account=account)
    if as_json:
        print_json(found)
    elif history:
        for each in found["versions"]:
            say(f"version {each['version']}  {each['at']}  {each['by']}: {each['reason']}")
    else:
        print_limits(console(), account, found)


@app.command()
def state(
    wanted: Annotated[
        State | None, typer.Argument(metavar="[STATE]", help="active, reducing or halted.")
    ] = None,
    account: Account = ACCOUNT,
    strategy: Annotated[
        str | None, typer.Option(help="Of one strategy, not of the account.")
    ] = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Show what an account may do, or let it trade, only reduce, or halt.

    Halting cancels nothing: that is what `algotrendy risk kill` does.
    """
    with connected() as api:
        if wanted is not None:
            body = {"state": wanted.value, "strategy": strategy, "reason": reason}
            api.put("/v1/trading-state", body, account=account)
        found = api.get("/v1/trading-state", account=account)
    if as_json:
        print_json(found)
    else:
        print_states(console(), found)


@app.command()
def kill(
    account: Account = ACCOUNT,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close every position too, at the market.")
    ] = False,
    at: Annotated[str | None, typer.Option(help="Not now, but then: 2026-11-27T20:55:00Z.")] = None,
    reason: Why = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop everything: halt the account, cancel every order, and flatten where asked.

    It works outside of every strategy, and holds until somebody lets the account trade again:
    `algotrendy risk state active`. Needs the role risk_manager.
    """
    if not reason.strip():
        raise Invalid("reason", "given with --reason: the audit keeps it", None)
    what = "every order is cancelled" + (", every position closed" if flatten else "")
    if not yes:
        typer.confirm(f"{account} is halted and {what}. Go on?", abort=True)
    body = {"flatten": flatten, "reason": reason} | ({"at": at} if at else {})
    with connected() as api:
        switch = api.post(f"/v1/kill-switch?account={account}", body, fresh_key())
    if as_json:
        print_json(switch)
    else:
        print_switches(console(), [switch])
        say(f"algotrendy risk switches --account {account} shows how far it is")


@app.command()
def switches(
    account: Account = ACCOUNT,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List the last kill switches, newest first, scheduled ones too."""
    most = None if everything else limit
    with connected() as api:
        found = read_list(api, "/v1/kill-switch", "kill_switches", most, cursor, account=account)
    if as_json:
        print_json(found)
    elif found["kill_switches"]:
        print_switches(console(), found["kill_switches"])
        say_more(found)
    else:
        say(f"nobody ever pulled the kill switch of {account}")


@app.command()
def revoke(
    switch: Annotated[str, typer.Argument(help="The id that `switches` shows.")],
    account: Account = ACCOUNT,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """Take a scheduled kill switch back, or end what a pulled one still does.

    An account that was halted stays so until `algotrendy risk state active`.
    """
    with connected() as api:
        found = api.delete(f"/v1/kill-switch/{switch}", account=account, reason=reason)
    if as_json:
        print_json(found)
    else:
        print_switches(console(), [found])


def changed(
    found: Mapping[str, Any], given: list[str], strategy: str | None, symbol: str | None
) -> dict[str, Any]:
    """Give the part of the limits that changes, as a whole, with the changes in it.

    Raises:
        Invalid: If a change is not of the form name=value, or both a strategy and a symbol are
            named.
    """
    changes = dict(_change(text) for text in given)
    if strategy and symbol:
        raise Invalid("symbol", "given, or --strategy, and not both", symbol)
    if strategy:
        return {"strategies": _with(found["strategies"], "strategy", strategy, changes)}
    if symbol:
        return {"symbols": _with(found["symbols"], "symbol", symbol.upper(), changes)}
    return {"account": {**found["account"], **changes}}


def read_limits(file: Path) -> dict[str, Any]:
    """Read limits from a JSON file; Invalid when it cannot be read as such."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid("file", f"a JSON file that can be read ({error})", str(file)) from error
    parts = {"account", "strategies", "symbols"}
    if not isinstance(document, dict) or not document.keys() & parts:
        raise Invalid("file", "an object with account, strategies or symbols", str(file))
    return {name: value for name, value in document.items() if name in parts}


def _with(
    known: list[dict[str, Any]], field: str, name: str, changes: dict[str, Any]
) -> list[dict[str, Any]]:
    others = [each for each in known if each[field] != name]
    own = next((each for each in known if each[field] == name), {field: name})
    return [*others, {**own, **changes}]


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not (name and equals and value):
        raise Invalid("set", "name=value, such as order_notional=50000", text)
    return name, _value(name, value.strip())


def _value(name: str, text: str) -> Any:
    if text == "none":
        return [] if name == "restricted" else None
    match name:
        case "restricted":
            return [symbol.strip().upper() for symbol in text.split(",")]
        case "order_rate":
            orders, slash, window = text.partition("/")
            if not slash:
                raise Invalid("order_rate", "orders/seconds, such as 100/60", text)
            return {"orders": _whole(name, orders), "window_s": _whole(name, window)}
        case "value_at_risk" | "expected_shortfall":
            loss, _, confidence = text.partition("/")
            return {"loss": loss} | ({"confidence": confidence} if confidence else {})
        case "fat_finger":
            return {"multiple": text}
        case "duplicate_window_s":
            return _whole(name, text)
        case "short_selling" | "wash_trade_guard":
            if text not in _TRUTHS:
                raise Invalid(name, "true or false, yes or no", text)
            return _TRUTHS[text]
        case _:
            return text


def _whole(name: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise Invalid(name, "a whole number", text)
    return int(text)
