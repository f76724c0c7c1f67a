"""Show what a sweep will take, and afterwards what it took."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from algotrendy.backtest.estimate import Course, Estimate


def print_estimate(console: Console, estimate: Estimate) -> None:
    """Print an estimate as a table, with what it is made of."""
    shown = Table(title=f"{estimate.runs:,} backtests over {estimate.bars:,} bars, estimated")
    shown.add_column("Executor")
    for heading in ("At once", "Time", "Processor time", "Memory a shard", "Limit", "Cost"):
        shown.add_column(heading, justify="right")
    for course in estimate.courses:
        shown.add_row(
            course.executor,
            str(course.workers),
            seconds(course.wall_s),
            seconds(course.cpu_s),
            _megabytes(estimate.shard_bytes),
            "-" if course.memory_limit is None else _megabytes(course.memory_limit),
            "-" if course.dollars is None else f"${course.dollars:,.4f}",
        )
    console.print(shown)
    speed, prices = estimate.speed, estimate.prices
    console.print(
        f"Measured: {speed.runs:,} of these backtests {speed.mode} on one processor of this "
        f"machine, {speed.bars_per_s:,.0f} bars a second; the first took {speed.first_s:.1f} s. "
        "A function of the cloud is taken to be as quick.",
        style="dim",
    )
    for course in estimate.courses:
        if course.usage is not None:
            used = course.usage
            console.print(
                f"{course.executor}: {estimate.shards:,} shards, {used.gb_seconds:,.1f} GB-s and "
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
