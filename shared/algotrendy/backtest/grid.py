"""Turn a sweep's ranges into combinations of parameters: all of them, or a fair sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from algotrendy.backtest.request import SweepSpec
from algotrendy.backtest.search.space import Combination, Space
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy

__all__ = ["COUNTED_LIMIT", "Combination", "Grid", "check_grid", "expand", "sample", "shuffled"]

COUNTED_LIMIT = 10**6
"""Up to this size a grid is walked whole, and what the rules leave out is counted exactly."""

# A larger grid is drawn from until enough are found, or until so many draws broke a rule.
_MISSES, _MISSES_A_FIND = 10_000, 20


@dataclass(frozen=True, slots=True)
class Grid:
    """What is to be tried on each symbol.

    Attributes:
        combinations: Values in the order of the strategy's parameters; the last varies fastest.
        size: Combinations before the rules and the limit.
        excluded: Those that break a rule; None when the grid is too large to be counted.
    """

    combinations: tuple[Combination, ...]
    size: int
    excluded: int | None

    @property
    def is_sampled(self) -> bool:
        """Tell whether allowed combinations were left out for their number."""
        return self.excluded is None or len(self.combinations) + self.excluded < self.size


def expand(spec: SweepSpec, strategy: Strategy) -> Grid:
    """Give the combinations to try: at most ``max_runs`` over all symbols, seeded when sampled.

    Raises:
        Invalid: If a name or a value does not fit the strategy, which names
            ``parameters.<name>``, if the rules leave nothing, or as ``check_markets``.
    """
    check_markets(spec, strategy)
    space = Space.of(strategy, spec.parameters)
    return sample(space, spec.max_runs // spec.markets, spec.seed)


def check_grid(spec: SweepSpec, strategy: Strategy) -> None:
    """Refuse at once what ``expand`` would refuse, without looking further than the first find.

    A large grid in which few combinations are allowed may pass here, and be refused there.

    Raises:
        Invalid: As ``expand``.
    """
    check_markets(spec, strategy)
    space = Space.of(strategy, spec.parameters)
    if space.size > COUNTED_LIMIT:
        _drawn(space, 1, spec.seed)
    elif not any(space.allows(combination) for combination in space.every()):
        raise space.nothing_allowed()


def sample(space: Space, wanted: int, seed: int) -> Grid:
    """Give what the rules of a space allow, in order: all, or ``wanted`` of them by the seed.

    Raises:
        Invalid: If the rules leave nothing.
    """
    if space.size <= COUNTED_LIMIT:
        return _walked(space, wanted, seed)
    return _drawn(space, wanted, seed)


def check_markets(spec: SweepSpec, strategy: Strategy) -> None:
    """Refuse symbols that a strategy does not trade as they are asked for.

    Raises:
        Invalid: Naming ``together`` or ``symbols``.
    """
    if strategy.assets > 1 and not spec.together:
        needs = f"{strategy.name} trades {strategy.assets} assets or more at once"
        raise Invalid("together", f"true, because {needs}", spec.together)
    if spec.together and strategy.assets == 1 and len(spec.symbols) > 1:
        expected = f"false, because {strategy.name} trades one asset: each symbol runs on its own"
        raise Invalid("together", expected, spec.together)
    if len(spec.symbols) < strategy.assets:
        expected = f"{strategy.assets} or more, which {strategy.name} trades at once"
        raise Invalid("symbols", expected, ", ".join(spec.symbols))


def _walked(space: Space, wanted: int, seed: int) -> Grid:
    allowed = [combination for combination in space.every() if space.allows(combination)]
    if not allowed:
        raise space.nothing_allowed()
    excluded = space.size - len(allowed)
    if len(allowed) > wanted:
        drawn = shuffled(len(allowed), seed)
        allowed = [allowed[place] for place in sorted(next(drawn) for _ in range(wanted))]
    return Grid(tuple(allowed), space.size, excluded)


def _drawn(space: Space, wanted: int, seed: int) -> Grid:
    found: list[int] = []
    for tried, number in enumerate(shuffled(space.size, seed)):
        if tried - len(found) > _MISSES + _MISSES_A_FIND * wanted:
            raise space.nothing_allowed()
        if space.allows(space.numbered(number)):
            found.append(number)
            if len(found) == wanted:
                break
    return Grid(tuple(space.numbered(number) for number in sorted(found)), space.size, None)


def shuffled(size: int, seed: int) -> Iterator[int]:
    """Give the numbers below ``size`` in an order that the seed fixes, on any Python for ever.

    A Fisher-Yates shuffle that keeps only the places it has touched, drawn from SHA-256:
    ``random`` promises the same sequence for floats alone. The modulo's bias is below 2 ** -200.
    """
    moved: dict[int, int] = {}
    for place in range(size):
        digest = hashlib.sha256(f"{seed}:{place}".encode()).digest()
        other = place + int.from_bytes(digest, "big") % (size - place)
        yield moved.get(other, other)
        moved[other] = moved.pop(place, place)
