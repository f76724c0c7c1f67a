"""Collect what is wrong, and say how far the looking is."""

from __future__ import annotations

from dataclasses import dataclass, field

import typer


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found wrong."""

    failures: list[str] = field(default_factory=list)
    checks: int = 0

    def check(self, is_right: bool, what: str) -> None:
        """Count a check; where it does not hold, keep what it was about and print it at once."""
        self.checks += 1
        if not is_right:
            self.failures.append(what)
            typer.echo(f"  FAILED {what}")

    def section(self, name: str) -> None:
        """Say what is looked at now."""
        typer.echo(f"security: {name} ({self.checks:,} checks, {len(self.failures)} failures)")
