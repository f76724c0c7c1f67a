"""Play one plan after the other on one platform, and add up what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaos.plan import plan_of
from chaos.run import Result, run
from chaos.world import World
from fixtures.platform import Platform

USERNAME = "tess"
COUNT_MONEY_EVERY = 10


@dataclass
class Total:
    """What all runs came to."""

    runs: int = 0
    orders: int = 0
    kills: int = 0
    lost: int = 0
    duplicated: int = 0
    unbalanced: int = 0
    unforeseen: int = 0

    @property
    def is_wrong(self) -> bool:
        """Say whether anything was lost, doubled or out of balance."""
        return bool(self.lost or self.duplicated or self.unbalanced)

    @property
    def shortcomings(self) -> list[str]:
        """Say why the campaign proves nothing, however little it found."""
        found = []
        if not self.orders:
            found.append("no order was accepted")
        if not self.kills:
            found.append("nothing was killed")
        if self.unforeseen:
            found.append(f"{self.unforeseen} orders were refused that no plan wants refused")
        return found

    def __str__(self) -> str:
        """Give the last line of a campaign."""
        return (
            f"chaos: {self.runs} runs, {self.kills} kills, {self.lost} lost, "
            f"{self.duplicated} duplicated, {self.unbalanced} unbalanced"
        )

    def add(self, result: Result) -> None:
        """Count one run."""
        self.runs += 1
        self.orders += result.orders
        self.kills += result.kills
        self.lost += len(result.found.lost)
        self.duplicated += len(result.found.duplicated)
        self.unbalanced += len(result.found.unbalanced)
        self.unforeseen += result.unforeseen


def campaign(
    platform: Platform, seeds: Sequence[int], say: Callable[[str], None], batch: str = ""
) -> Total:
    """Run each seed's plan, and say of each what it did and found.

    Args:
        batch: Tells its orders from those of another campaign on the same platform.
    """
    platform.add_user(USERNAME, "demo", "trader", "risk_manager")
    world, total = World(platform, USERNAME), Total()
    try:
        world.open()
        last = len(seeds) - 1
        for place, seed in enumerate(seeds):
            with_money = place % COUNT_MONEY_EVERY == 0 or place == last
            result = run(world, plan_of(seed, batch), with_money=with_money)
            total.add(result)
            wrong = "; ".join(result.found.wrong) or "all well"
            for refusal in result.refusals:
                say(f"seed {seed}: refused: {refusal}")
            waited = f" (last: {result.waited_for})" if result.waited_for else ""
            say(
                f"seed {seed}: {result.orders} orders, {result.kills} kills, "
                f"at rest after {result.rest_s:.1f} s{waited}: {wrong}"
            )
    finally:
        world.close()
    return total
