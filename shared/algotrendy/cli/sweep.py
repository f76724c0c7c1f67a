"""`algotrendy sweep`: try a grid of parameters, and bring table and report home."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from algotrendy.backtest.engine.terms import CASH, FEE_BPS
from algotrendy.backtest.plan import Keys
from algotrendy.backtest.request import SweepSpec, parse_spec
from algotrendy.cli.deployed import (
    Api,
    Patience,
    StudyStoppedError,
    call_off,
    connected,
    followed,
)
from algotrendy.cli.sweep_view import Progress, print_outcome, progress_bar
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.ids import SweepId, Uuid7s, parse_sweep_id

# All bars there are: the plan says which, and so does the report.
FIRST_DAY, LAST_DAY = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - session dates
_MARKER = "sweep"
_CANCEL = "cancel"


class Where(StrEnum):
    """Who runs the backtests; Ray needs the extra `ray`."""

    STEP_FUNCTIONS = "stepfunctions"
    LOCAL = "local"
    RAY = "ray"


_PLACES = {Where.LOCAL: "on this machine", Where.RAY: "on Ray"}


class Mode(StrEnum):
    """How a strategy runs on this machine."""

    AUTO = "auto"
    COMPILED = "compiled"
    INTERPRETED = "interpreted"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a sweep came to, as bytes to be written down and a summary to be shown."""

    table: bytes
    report: bytes
    summary: dict[str, Any]


def _day(default: str) -> Any:
    return typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", show_default=default)


def sweep(
    strategy: Annotated[
        str, typer.Argument(help="Such as sma_cross; or cancel, to call a deployed sweep off.")
    ],
    symbols: Annotated[
        list[str], typer.Argument(help="One or more, such as AAPL MSFT; or the id of that sweep.")
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            help="Values to try: fast=5:50:5 (from 5 to 50 by 5), slow=100,150,200, or exit=5.",
        ),
    ] = None,
    start: Annotated[datetime, _day("the first bar")] = FIRST_DAY,
    end: Annotated[datetime, _day("the last bar")] = LAST_DAY,
    cash: Annotated[str, typer.Option(help="What each backtest starts with.")] = str(CASH),
    fee_bps: Annotated[str, typer.Option(help="Fee in hundredths of a percent of turnover.")] = str(
        FEE_BPS
    ),
    raw: Annotated[
        bool, typer.Option("--raw", help="Prices as traded, not adjusted for splits and dividends.")
    ] = False,
    fractional: Annotated[
        bool, typer.Option("--fractional", help="Allow parts of a share.")
    ] = False,
    max_runs: Annotated[
        int, typer.Option(help="Try at most so many; of more, a seeded sample is drawn.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(help="Of that sample.")] = 0,
    executor: Annotated[
        Where, typer.Option(help="The deployed workflow, processes on this machine, or Ray.")
    ] = Where.STEP_FUNCTIONS,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of the local executor; one a core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results.csv, report.html and summary.json.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="How the local executor runs the strategy: the same bytes.")
    ] = Mode.AUTO,
    shard_limit: Annotated[
        float, typer.Option(min=1, help="Seconds that a shard may take on this machine.")
    ] = 900.0,
    timeout: Annotated[
        int, typer.Option(min=1, help="Seconds to wait for the workflow; it goes on without us.")
    ] = 3600,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run a few, and say what all would take and cost.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: print JSON, for programs.")
    ] = False,
) -> None:
    """Backtest a strategy over a grid of parameters, and write a table and a report.

    All executors run the same plan and write the same results.csv, to the byte. Killed and run
    again with the same --out, the local executor goes on where it stopped.
    """  # fmt: skip
    if strategy == _CANCEL:
        cancel(symbols)
        return
    spec = parse_spec(
        {
            "strategy": strategy,
            "symbols": symbols,
            "start": start.date(),
            "end": end.date(),
            "parameters": parse_grid(parameter or []),
            "cash": cash,
            "fee_bps": fee_bps,
            "adjustment": "raw" if raw else "all",
            "fractional": fractional,
            "max_runs": max_runs,
            "seed": seed,
        }
    )
    if dry_run:
        from algotrendy.cli.sweep_estimate import tell_estimate

        tell_estimate(spec, workers, mode.value, as_json)
        return
    folder = writable(out or Path("reports") / strategy)
    if executor in (Where.LOCAL, Where.RAY):
        fetched = run_locally(spec, folder, workers, mode, shard_limit, executor)
    else:
        fetched = run_deployed(spec, Patience(timeout, folder=folder))
        write_down(fetched, folder)
    print_outcome(Console(), fetched.table, fetched.summary, folder)


def parse_grid(given: list[str]) -> dict[str, Any]:
    """Read ``name=first:last:step``, ``name=a,b,c`` or ``name=a`` for each parameter.

    Raises:
        Invalid: Naming what was not understood.
    """
    grid: dict[str, Any] = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise Invalid("parameter", "name=values, such as fast=5:50:5 or slow=100,200", text)
        if name in grid:
            raise Invalid(f"parameters.{name}", "given once", text)
        if ":" in values:
            parts = values.split(":")
            if len(parts) != 3:
                raise Invalid(f"parameters.{name}", "first:last:step", values)
            start, stop, step = (_number(name, part) for part in parts)
            if not (Decimal(start) <= Decimal(stop) and Decimal(step) > 0):
                expected = "first:last:step, with last at or after first and step above 0"
                raise Invalid(f"parameters.{name}", expected, values)
            grid[name] = {"start": start, "stop": stop, "step": step}
        else:
            grid[name] = [_number(name, part) for part in values.split(",")]
    return grid


def cancel(ids: list[str], connect: Callable[[], Api] = connected) -> None:
    """Call deployed sweeps off.

    Raises:
        Invalid: If one of the words is no id of a sweep.
        Rejected: If a sweep had ended, or there is none.
    """
    call_off("sweep", "/v1/sweeps", [parse_sweep_id(each) for each in ids], connect)


def run_locally(
    spec: SweepSpec,
    folder: Path,
    workers: int | None,
    mode: Mode = Mode.AUTO,
    limit_s: float = 900.0,
    where: Where = Where.LOCAL,
) -> Fetched:
    """Run a sweep in processes of this machine, or on Ray.

    Unfinished work of the same request is gone on with.

    Raises:
        Invalid: If a shard needs more memory than a process can have.
    """
    from algotrendy.backtest.executors import Executor, LocalProcesses, run_sweep
    from algotrendy.backtest.plan import plan_sweep
    from algotrendy.backtest.ray_cluster import RayCluster
    from algotrendy.backtest.studies import parts_done
    from algotrendy.cli.backtest_trials import count_sweep, recorder
    from algotrendy.cli.sweep_estimate import beside, estimated
    from algotrendy.market_data import wiring
    from algotrendy.platform.blobs import FolderBlobs

    work = folder.resolve() / ".unfinished"
    sweep_id = _resumed(work, spec)
    blobs = FolderBlobs(work)
    begin = time.monotonic()
    plan = plan_sweep(sweep_id, spec, blobs, wiring.bar_store())
    expected = estimated(plan, workers, mode.value)
    executor: Executor
    if where is Where.RAY:
        executor = RayCluster(
            blobs,
            wiring.bar_store(),
            os.environ.get("RAY_ADDRESS"),
            workers=workers,
            limit_s=limit_s,
            mode=mode.value,
        )
    else:
        stores = partial(_open_stores, work)
        executor = LocalProcesses(stores, workers, limit_s=limit_s, mode=mode.value)
    try:
        with progress_bar(f"{spec.strategy}, {_PLACES[where]}") as shown:
            outcome = run_sweep(
                sweep_id,
                spec,
                blobs,
                wiring.bar_store(),
                executor,
                progress=lambda done, runs: shown.tell(Progress(done, runs)),
                mode=mode.value,
            )
    except KeyboardInterrupt:
        done = parts_done(sweep_id, blobs)
        raise StudyStoppedError(
            f"stopped with {done} of {plan.shards} shards done; they are kept in {work}, and the "
            "same command goes on from there"
        ) from None
    keys = Keys(sweep_id)
    fetched = Fetched(blobs.get(keys.table), blobs.get(keys.report), outcome.summary)
    write_down(fetched, folder)
    shutil.rmtree(work)
    took = beside(expected.course(where.value), time.monotonic() - begin)
    said = count_sweep(outcome.summary, recorder())
    Console(stderr=True, highlight=False).print(took, said, sep="\n", style="dim")
    return fetched


def run_deployed(
    spec: SweepSpec, patience: Patience, connect: Callable[[], Api] = connected
) -> Fetched:
    """Ask the deployed API for a sweep, follow it to its end, and fetch what came of it.

    Raises:
        StudyFailedError: As ``followed``, and the others.
    """
    with connect() as api, progress_bar(f"{spec.strategy}, on Step Functions") as shown:
        body = spec.model_dump(mode="json")
        found = followed(
            api, "sweep", "/v1/sweeps", body, patience, lambda now: shown.tell(_progress(now))
        )
        table, report = (api.download(found["links"][name]) for name in ("results", "report"))
    return Fetched(table, report, found["summary"])


def write_down(fetched: Fetched, folder: Path) -> None:
    """Write the three files, each whole or not at all."""
    from algotrendy.platform.blobs import FolderBlobs

    files = FolderBlobs(folder.resolve())
    files.put("results.csv", fetched.table)
    files.put("report.html", fetched.report)
    files.put("summary.json", (json.dumps(fetched.summary, indent=2) + "\n").encode())


def _progress(found: dict[str, Any]) -> Progress:
    progress = found["progress"]
    shards, runs = progress["shards"], progress["runs"]
    if not shards or not runs:
        return Progress(0, None)
    return Progress(runs * progress["shards_done"] // shards, runs)


def _number(name: str, text: str) -> str:
    try:
        is_number = Decimal(text).is_finite()
    except InvalidOperation:
        is_number = False
    if not is_number:
        raise Invalid(f"parameters.{name}", "a number", text)
    return text.strip()


def writable(folder: Path) -> Path:
    """Make a folder, or refuse: before the work, not after it, since it may take an hour."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid("out", f"a folder that can be made ({error.strerror})", folder) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Invalid("out", "a folder that can be written", folder)
    return folder


def _open_stores(work: Path) -> Any:
    from algotrendy.market_data import wiring
    from algotrendy.platform.blobs import FolderBlobs

    return FolderBlobs(work), wiring.bar_store()


def _resumed(work: Path, spec: SweepSpec) -> SweepId:
    from algotrendy.platform.blobs import FolderBlobs

    blobs, wanted = FolderBlobs(work), spec.model_dump_json()
    try:
        name, _, stored = blobs.get(_MARKER).decode().partition("\n")
        if stored == wanted:
            return parse_sweep_id(name)
    except NotFound:
        pass
    shutil.rmtree(work, ignore_errors=True)
    sweep_id = SweepId(Uuid7s(SystemClock()).next())
    blobs.put(_MARKER, f"{sweep_id}\n{wanted}".encode())
    return sweep_id
