"""The options of `algotrendy backtest walk-forward`, but for those of other commands."""

from __future__ import annotations

from typing import Annotated

import typer

InSample = Annotated[
    str, typer.Option(help="To choose on: 3y, 18mo, 12w, 90d, or a number of bars.")
]
OutOfSample = Annotated[str, typer.Option(help="To see the choice on, after it.")]
Step = Annotated[
    str | None,
    typer.Option(help="From one window to the next.", show_default="the part out of sample"),
]
Embargo = Annotated[str | None, typer.Option(help="Left out between the two.", show_default="none")]
Anchored = Annotated[
    bool, typer.Option("--anchored", help="Choose on all bars so far, not on a moving part.")
]
DropLast = Annotated[
    bool,
    typer.Option(
        "--drop-last",
        help="Leave out a last window that the bars end in; else it stays from a quarter on.",
    ),
]
Neighbours = Annotated[
    bool, typer.Option("--neighbours", help="Choose the best area, not the best point.")
]
Patience = Annotated[
    int | None,
    typer.Option(min=1, help="Stop a search after so many that were no better than the best."),
]
Batch = Annotated[
    int, typer.Option(min=1, help="Asked of a search at once; a Bayesian one depends on it.")
]
Checks = Annotated[
    bool,
    typer.Option(
        "--checks/--no-checks",
        help="Also hold all combinations to the same bars: CSCV, purged cross-validation.",
    ),
]
Blocks = Annotated[int, typer.Option(min=2, help="Of CSCV, even.")]
Groups = Annotated[int, typer.Option(min=2, help="Of purged cross-validation.")]
TestGroups = Annotated[int, typer.Option(min=1, help="Of these groups, in each test.")]
GroupEmbargo = Annotated[int, typer.Option(min=0, help="Bars after a test not to train on.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes here; one a core, and none of their own for little work."),
]
WindowLimit = Annotated[
    float, typer.Option(min=1, help="Seconds that a window may take in such a process.")
]
Gate = Annotated[bool, typer.Option("--gate", help="Exit with 1 when the gate refuses.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Run a few, and say what all would take and cost.")
]
