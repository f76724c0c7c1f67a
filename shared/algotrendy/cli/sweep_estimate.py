"""Show what a sweep will take, and afterwards what it took."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from algotrendy.backtest.estimate import (
    CONCURRENCY,
    LAMBDA_MB,
    Course,
    Estimate,
    estimate,
    require_fit,
)
from algotrendy.backtest.plan import Plan, make_plan
from algotrendy.backtest.request import SweepSpec

if TYPE_CHECKING:
    from algotrendy.backtest.engine.running import Wish


def estimated(
    plan: Plan, workers: int | None, mode: Wish = "auto", concurrency: int = CONCURRENCY
) -> Estimate:
    """Estimate a planned sweep by every executor, on this machine's bars.

    Args:
        concurrency: Shards that the deployed workflow runs at once.

    Raises:
        Invalid: If a shard fits neither a process of this machine nor a function.
    """
    import psutil

    from algotrendy.market_data import wiring

    processes = workers or os.cpu_count() or 1
    memory = int(psutil.virtual_memory().available)
    require_fit(plan, max(LAMBDA_MB << 20, memory // processes), "a function or a process here")
    return estimate(
        plan,
        wiring.bar_store(),
        workers=processes,
        memory=memory,
        concurrency=concurrency,
        mode=mode,
    )


def deployed_concurrency() -> int:
    """Give how many shards the deployed stage runs at once.

    Raises:
        Unavailable: If the stage does not say.
    """
    from algotrendy.platform.settings import settings

    chosen = settings()
    # With a lake of one's own there need be no stage to ask.
    if chosen.lake_url is not None and chosen.study_max_concurrency is None:
        return CONCURRENCY
    return int(chosen.need("study_max_concurrency"))


def tell_estimate(spec: SweepSpec, workers: int | None, mode: Wish, as_json: bool) -> None:
    """Plan a sweep, write nothing, and print what it would take."""
    from algotrendy.market_data import wiring

    plan = make_plan(spec, wiring.bar_store())
    found = estimated(plan, workers, mode, deployed_concurrency())
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        print_estimate(Console(), found)


def print_estimate(console: Console, found: Estimate) -> None:
    """Print an estimate as a table, with what it is made of."""
    shown = Table(title=f"{found.runs:,} backtests over {found.bars:,} bars, estimated")
    shown.add_column("Executor")
    for heading in ("At once", "Time", "Processor time", "Memory a shard", "Limit", "Cost"):
        shown.add_column(heading, justify="right")
    for course in found.courses:
        shown.add_row(
            course.executor,
            str(course.workers),
            seconds(course.wall_s),
            seconds(course.cpu_s),
            _megabytes(found.shard_bytes),
            "-" if course.memory_limit is None else _megabytes(course.memory_limit),
            "-" if course.dollars is None else f"${course.dollars:,.4f}",
        )
    console.print(shown)
    speed, prices = found.speed, found.prices
    console.print(
        f"Measured: {speed.runs:,} of these backtests {speed.mode} on one processor of this "
        f"machine, {speed.bars_per_s:,.0f} bars a second; the first took {speed.first_s:.1f} s. "
        "A function of the cloud is taken to be as quick. Ray is that of this machine: a cluster "
        "of yours needs no start, and runs as many at once as it has processors.",
        style="dim",
    )
    for course in found.courses:
        if course.usage is not None:
            used = course.usage
            console.print(
                f"{course.executor}: {found.shards:,} shards, {used.gb_seconds:,.1f} GB-s and "
                f"{used.requests:,} requests of Lambda, {used.transitions:,} transitions, "
                f"{used.s3_writes:,} writes and {used.s3_reads:,} reads of S3, at the prices of "
                f"{prices.region} of {prices.as_of}, without free tiers.",
                style="dim",
            )


def beside(course: Course, took_s: float) -> str:
    """Say what a sweep took, beside what was estimated."""
    cost = "" if course.dollars is None else f" and ${course.dollars:,.4f}"
    return f"took {seconds(took_s)}; {seconds(course.wall_s)}{cost} were estimated"


def seconds(count: float) -> str:
    """Write a time for a person."""
    if count < 120:
        return f"{count:.1f} s"
    minutes, rest = divmod(round(count), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"
