"""How the platform's state looks in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from algotrendy.local.status import PartState, PartStatus, Phase, PlatformStatus, StepState

_COLOURS = {
    Phase.READY: "bold green",
    Phase.FAILED: "bold red",
    PartState.RUNNING: "green",
    PartState.FAILED: "red",
    PartState.RESTARTING: "yellow",
    StepState.DONE: "green",
    StepState.SKIPPED: "dim",
    StepState.FAILED: "red",
}
_MARKS = {StepState.DONE: "✓", StepState.SKIPPED: "·", StepState.FAILED: "✗"}
_PART_MARKS = {PartState.RUNNING: "✓", PartState.FAILED: "✗", PartState.STOPPED: "·"}


def status_view(status: PlatformStatus, now: datetime) -> RenderableType:
    """All that is known: the phase, a table of the parts, the deployment, the addresses."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "state", "pid", "port", "up for", "restarts"):
        table.add_column(heading, justify="right" if heading in ("pid", "port") else "left")
    for part in status.parts:
        table.add_row(
            part.name,
            Text(part.state, style=_COLOURS.get(part.state, "")),
            str(part.pid or "-"),
            str(part.port or "-"),
            uptime(part.started, now),
            str(part.restarts),
        )
    lines: list[RenderableType] = [
        Text.assemble("platform ", (status.phase.value, _COLOURS.get(status.phase, "yellow"))),
        table,
    ]
    lines += [Text(f"{part.name}: {part.message}") for part in status.parts if part.message]
    if status.message:
        lines.append(Text(status.message, style="red"))
    lines.append(Text(f"deployed  {status.fingerprint or 'nothing yet'}"))
    urls = status.urls | {part.name: part.url for part in status.parts if part.url}
    lines += [Text(f"{name:<9} {url}", overflow="fold") for name, url in sorted(urls.items())]
    return Group(*lines)


def progress_view(status: PlatformStatus, now: datetime) -> RenderableType:
    """What happens now, a line for each part and step."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=2)
    for part in status.parts:
        mark = _PART_MARKS.get(part.state)
        style = _COLOURS.get(part.state, "")
        grid.add_row(
            Text(mark, style=style) if mark else Spinner("dots"),
            part.name,
            _part_line(part, now),
        )
    for step in status.steps:
        mark = _MARKS.get(step.state)
        style = _COLOURS.get(step.state, "")
        grid.add_row(
            Text(mark, style=style) if mark else Spinner("dots"),
            step.name,
            Text(f"{step.seconds:5.1f} s  {step.detail}", style=style, overflow="ellipsis"),
        )
    return grid


class PlainProgress:
    """The same for a log or a pipe: one line whenever a part or step comes to another state."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._seen: dict[str, str] = {}

    def show(self, status: PlatformStatus) -> None:
        """Write what is new."""
        for part in status.parts:
            text = f"{part.state}" + (f": {part.message}" if part.message else "")
            self._once(part.name, text)
        for step in status.steps:
            text = step.state.value
            if step.state is not StepState.RUNNING:
                text += f" in {step.seconds:.1f} s"
                text += f": {step.detail}" if step.detail else ""
            self._once(step.name, text)
        self._once("platform", status.phase.value)

    def _once(self, name: str, text: str) -> None:
        if self._seen.get(name) != text:
            self._seen[name] = text
            self._write(f"{name}: {text}")


def uptime(started: float | None, now: datetime) -> str:
    """Seconds below two minutes, then minutes, hours, days."""
    if started is None:
        return "-"
    seconds = max(0, int(now.timestamp() - started))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _part_line(part: PartStatus, now: datetime) -> Text:
    if part.message:
        return Text(f"{part.state}: {part.message}", style=_COLOURS.get(part.state, ""))
    return Text(f"{part.state} {uptime(part.started, now)}", style=_COLOURS.get(part.state, ""))
