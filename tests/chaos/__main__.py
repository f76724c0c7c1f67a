"""`make chaos`: attack a real platform, again and again, and count what it lost.

Brings up a platform of its own (other folder, other ports), with a real deploy, and takes it down
in the end. Each run has a seed; SEED=n plays one again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import typer

from chaos.campaign import campaign
from fixtures.platform import Platform, a_platform


def main() -> int:
    """Run the campaign; 1 where anything was lost, doubled or out of balance, or proves nothing."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many seeds, from the first on")
    parser.add_argument("--seed", type=int, default=None, help="play this one seed")
    parser.add_argument("--home", type=Path, help="attack the platform of this folder, that is up")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.runs) if asked.seed is None else [asked.seed]
    begin = time.monotonic()
    with a_platform() if asked.home is None else nullcontext(running(asked.home)) as platform:
        typer.echo(f"platform up after {time.monotonic() - begin:.0f} s")
        batch = "" if asked.home is None else f"{int(time.time())}-"
        total = campaign(platform, seeds, typer.echo, batch)
    for shortcoming in total.shortcomings:
        typer.echo(f"this proves nothing: {shortcoming}")
    typer.echo(str(total))
    return 1 if total.is_wrong or total.shortcomings else 0


def running(home: Path) -> Platform:
    """Give the platform of a data folder."""
    return Platform(home.parent, {**os.environ, "ALGOTRENDY_HOME": str(home)})


if __name__ == "__main__":
    sys.exit(main())
