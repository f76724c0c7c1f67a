"""Look at what the deployed workflow was asked for, bring it home, and call it off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import parse_uuid7

if TYPE_CHECKING:
    from algotrendy.cli.deployed import Api

_MOST_A_PAGE = 100
_SUMMARY = "summary.json"


class KindName(StrEnum):
    """What was asked for."""

    BACKTEST = "backtest"
    SWEEP = "sweep"
    WALK_FORWARD = "walk-forward"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of study, and where the API has it.

    Attributes:
        plural: Of its route, and of its list in the API's answer with hyphens as underscores.
        files: What it writes: the link in the API's answer, and the file's name here.
        cancelled_at: The plural under which it is called off.
    """

    name: KindName
    plural: str
    files: Mapping[str, str]
    cancelled_at: str

    def path(self, study_id: UUID | str) -> str:
        """Give where the API has one of them."""
        return f"/v1/{self.plural}/{study_id}"


_TABLE = {"results": "results.csv", "report": "report.html"}
_WALK = {"outcome": "walk-forward.json", "report": "report.html"}
# A backtest is a sweep of one run, which is not to be taken for a larger one: so it comes first.
KINDS = (
    Kind(KindName.BACKTEST, "backtests", _TABLE, "sweeps"),
    Kind(KindName.SWEEP, "sweeps", _TABLE, "sweeps"),
    Kind(KindName.WALK_FORWARD, "walk-forwards", _WALK, "walk-forwards"),
)

Study = tuple[Kind, dict[str, Any]]

_Id = Annotated[str, typer.Argument(metavar="ID", help="As `algotrendy backtest list` shows it.")]
_Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="One or more.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def list_(
    kind: Annotated[KindName | None, typer.Option(help="Of this kind alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_A_PAGE, help="How many at most.")] = 20,
    before: Annotated[
        str | None, typer.Option(metavar="ID", help="Older than this one.", show_default="now")
    ] = None,
    as_json: _Json = False,
) -> None:
    """List the backtests, sweeps and walk-forwards of the deployed API, newest first."""
    from algotrendy.cli.deployed import connected

    with connected() as api:
        found, next_before = newest(api, kind, limit, before)
    if as_json:
        studies = [{"kind": kind.name.value, **each} for kind, each in found]
        _print_json({"studies": studies, "next_before": next_before})
        return
    _print_list(found)
    if next_before is not None:
        typer.echo(f"more: --before {next_before}")


def show(study_id: _Id, as_json: _Json = False) -> None:
    """Show how far a backtest, a sweep or a walk forward is, or what came of it."""
    from algotrendy.cli.deployed import connected

    with connected() as api:
        kind, found = study(api, study_id)
    if as_json:
        _print_json({"kind": kind.name.value, **found})
        return
    for line in described(kind, found):
        typer.echo(line)


def fetch(
    study_id: _Id,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; reports/ID by default.")
    ] = None,
) -> None:
    """Bring home what a backtest, a sweep or a walk forward has written."""
    from algotrendy.cli.deployed import connected

    with connected() as api:
        folder = fetched(api, study_id, out)
    typer.echo(f"written to {folder.resolve()}")


def cancel(study_ids: _Ids) -> None:
    """Call deployed backtests, sweeps and walk-forwards off; called off again, they stay so."""
    from algotrendy.cli.deployed import connected

    with connected() as api:
        for line in called_off(api, study_ids):
            typer.echo(line)


def newest(
    api: Api, only: KindName | None, limit: int, before: str | None
) -> tuple[list[Study], str | None]:
    """Read the newest studies, and after which one the list goes on; None at its end."""
    older_than = "" if before is None else f"&before={parse_uuid7(before, 'before')}"
    found: dict[str, Study] = {}
    ends: list[str] = []
    for kind in KINDS:
        if only not in (None, kind.name):
            continue
        page = api.get(f"/v1/{kind.plural}?limit={limit}{older_than}")
        for each in page[kind.plural.replace("-", "_")]:
            found.setdefault(each["id"], (kind, each))
        if page["next_before"] is not None:
            ends.append(page["next_before"])
    # Ids sort by when they were made. Nothing below the end of a page is whole.
    oldest = max(ends, default="")
    whole = [found[each] for each in sorted(found, reverse=True) if each >= oldest]
    shown = whole[:limit]
    if len(whole) > limit:
        return shown, str(shown[-1][1]["id"])
    return shown, oldest or None


def study(api: Api, study_id: str) -> Study:
    """Find a study of whatever kind.

    Raises:
        Invalid: If it is no id.
        NotFound: If there is none that the caller may see.
    """
    wanted = parse_uuid7(study_id, "id")
    for kind in KINDS:
        try:
            return kind, api.get(kind.path(wanted))
        except NotFound:
            continue
    raise NotFound("study", str(wanted), "`algotrendy backtest list` shows those there are")


def fetched(api: Api, study_id: str, out: Path | None) -> Path:
    """Write the files of a study that succeeded into a folder; give the folder.

    Raises:
        Conflict: If it has not succeeded, or has no files here.
    """
    from algotrendy.cli.sweep import writable
    from algotrendy.platform.blobs import FolderBlobs

    kind, found = study(api, study_id)
    words = f"{kind.name} {found['id']}"
    if found["status"] != "succeeded":
        why = f": {found['error']}" if found.get("error") else ""
        raise Conflict(f"{words} has nothing to fetch: it is {found['status']}{why}")
    if any(found["links"][link] is None for link in kind.files):
        raise Conflict(
            f"{words} was run on another machine, which has its files; "
            f"`algotrendy backtest show {found['id']}` has its figures"
        )
    folder = writable(out or Path("reports") / found["id"])
    files = FolderBlobs(folder.resolve())
    for link, name in kind.files.items():
        files.put(name, api.download(found["links"][link]))
    if kind.name is KindName.SWEEP:
        files.put(_SUMMARY, (_json(found["summary"]) + "\n").encode())
    return folder


def called_off(api: Api, study_ids: Iterable[str]) -> Iterable[str]:
    """Call studies off, and say of each how it stands.

    Raises:
        Invalid: If one of the words is no id; then none is called off.
        Rejected: If one had ended, or there is none.
    """
    wanted = [str(parse_uuid7(each, "id")) for each in study_ids]
    for each in wanted:
        kind, _ = study(api, each)
        done = api.post(f"/v1/{kind.cancelled_at}/{each}/cancel", {}, f"cancel-{each}")
        yield f"{kind.name} {each} is {done['status']}"


def described(kind: Kind, found: Mapping[str, Any]) -> Iterable[str]:
    """Describe a study in lines."""
    yield f"{kind.name} {found['id']} is {found['status']}{_progress(found)}"
    yield f"{found['strategy']} on {_symbols(found)}, asked for by {found['requested_by']}"
    if found.get("error"):
        yield f"error: {found['error']}"
    if found.get("verdict"):
        yield f"verdict: {found['verdict']}"
    best = (found.get("summary") or {}).get("best") or found
    if best.get("statistics"):
        values = ", ".join(f"{name}={value}" for name, value in best["parameters"].items())
        yield f"parameters: {values or 'none'}"
        for name, figure in best["statistics"].items():
            yield f"  {name:<16} {'–' if figure is None else figure}"
    if found["status"] == "succeeded" and all(found["links"].values()):
        yield f"files: algotrendy backtest fetch {found['id']}"


def _progress(found: Mapping[str, Any]) -> str:
    progress = found.get("progress")
    if found["status"] != "running" or not progress:
        return ""
    part = "windows" if "windows" in progress else "shards"
    return f", {progress[f'{part}_done']} of {progress[part] or '?'} {part}"


def _symbols(found: Mapping[str, Any]) -> str:
    return " ".join(found["symbols"]) if "symbols" in found else str(found["symbol"])


def _print_list(found: Iterable[Study]) -> None:
    from rich.table import Table

    from algotrendy.cli.backtest_run import wide_console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "Kind", "Status", "Asked for", "Strategy", "Symbols"):
        table.add_column(heading, no_wrap=heading != "Symbols")
    for kind, each in found:
        asked_at = str(each.get("made_at") or each["requested_at"])[:19].replace("T", " ")
        words = (each["id"], kind.name.value, each["status"], asked_at, each["strategy"])
        table.add_row(*words, _symbols(each))
    wide_console().print(table)


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2)


def _print_json(value: object) -> None:
    typer.echo(_json(value))


COMMANDS: Mapping[str, Callable[..., None]] = {
    "list": list_,
    "show": show,
    "fetch": fetch,
    "cancel": cancel,
}
