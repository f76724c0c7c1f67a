"""`algotrendy audit`: what people did that is sensitive, and whether anybody changed it since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from algotrendy.cli.trading_calls import HELP_NAMES, AsJson, connected, console, print_json, say
from algotrendy.identity.audit import BrokenAudit, Head, KeptHead, Verification
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.kernel.ids import TenantId, parse_tenant

_HEAD = re.compile(r"(?P<seq>\d{1,18}):(?P<hash>[0-9a-f]{64})")

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="List what people did that is sensitive, and verify that nobody changed it since.",
    context_settings=HELP_NAMES,
)


@app.callback()
def prepare() -> None:
    """List what people did that is sensitive, and verify that nobody changed it since."""


@app.command("list")
def list_(
    action: Annotated[
        str | None, typer.Option(help="Only this one: limits.changed.", show_default="all")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest entries of your tenant's audit."""
    params = {"limit": str(limit)} | ({} if action is None else {"action": action})
    with connected() as api:
        found = api.get("/v1/audit/entries", **params)
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for name in ("#", "at", "who", "action", "account", "subject", "why"):
        table.add_column(name, justify="right" if name == "#" else "left", overflow="fold")
    for each in found["entries"]:
        row = (each["seq"], each["at"][:19], each["who"], each["action"], each["account"] or "")
        table.add_row(*map(str, row), each["subject"], each["reason"])
    console().print(table)


@app.command()
def verify(
    tenant: Annotated[
        str | None, typer.Option(help="Only this one's chain.", show_default="all")
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH that you kept from an earlier run; needs --tenant."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Work every hash of the audit out again, and hold it to heads that are kept elsewhere.

    It names the first entry that does not fit: changed, removed, inserted, reordered, cut off, or
    rewritten with all that follow it. The last two show only against heads that are kept where
    nobody writes over them: in the bucket of the settings, or by yourself. Entries after the
    newest of these are as safe as the database is.

    It speaks with the database and the bucket of the settings, and trusts no server. Ends with 1
    when a chain is not sound.
    """
    if head and tenant is None:
        raise Invalid("tenant", "given with --head", None)
    own = [_kept(text, parse_tenant(tenant)) for text in head or () if tenant is not None]
    found, has_archive = _verified(None if tenant is None else parse_tenant(tenant), own)
    if as_json:
        print_json([_told(each) for each in found])
    else:
        _print(found, has_archive=has_archive)
    for each in found:
        if each.misfit is not None:
            raise BrokenAudit(each.head.tenant, each.misfit)


def _print(found: Sequence[Verification], *, has_archive: bool) -> None:
    for each in found:
        if each.misfit is None:
            say(f"{each.head.tenant}: {each.head.seq:,} entries, all as they were written")
        else:
            say(f"{each.head.tenant}: {each.misfit}")
        if each.sealed < each.head.seq:
            after = f"after entry {each.sealed:,}" if each.sealed else "of it"
            say(f"  nothing {after} is sealed by a head kept elsewhere")
        say(f"  head {each.head.seq}:{each.head.hash}")
    if not found:
        say("there is no entry yet")
    if not has_archive:
        say("no bucket of heads was found: a chain rewritten as a whole would not be seen")


def _told(found: Verification) -> dict[str, Any]:
    return {
        "tenant": found.head.tenant,
        "is_sound": found.is_sound,
        "entries": found.head.seq,
        "head": f"{found.head.seq}:{found.head.hash}",
        "kept_heads": found.kept,
        "sealed": found.sealed,
        "misfit": None if found.misfit is None else asdict(found.misfit),
    }


def _kept(text: str, tenant: TenantId) -> KeptHead:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise Invalid("head", "NUMBER:HASH, as verify prints it", text)
    return KeptHead(Head(tenant, int(found["seq"]), found["hash"]), SystemClock().now())


def _verified(
    tenant: TenantId | None, own: Sequence[KeptHead]
) -> tuple[Sequence[Verification], bool]:
    from algotrendy.identity.adapters.audit_desk import AuditDesk
    from algotrendy.identity.adapters.head_archive import HeadsInS3
    from algotrendy.platform.database import Database
    from algotrendy.platform.settings import settings

    chosen = settings()
    try:
        archive: HeadsInS3 | None = HeadsInS3(chosen.need("audit_heads_url"))
    except (NotFound, Unavailable):
        archive = None
    database = Database(chosen.need("database_url"))
    try:
        desk = AuditDesk(database, archive, SystemClock())
        names = desk.tenants() if tenant is None else [tenant]
        return [desk.verify(each, own) for each in names], archive is not None
    finally:
        database.close()
