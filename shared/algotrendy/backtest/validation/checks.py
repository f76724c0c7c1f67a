"""How every combination of a walk forward is held to the same bars, and when it can be."""

from __future__ import annotations

from math import comb
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from algotrendy.backtest.request import Frozen
from algotrendy.kernel.errors import Invalid

CELLS_LIMIT: Final = 25_000_000
"""Returns that are held at once: 200 MB."""

MOST_BLOCKS: Final = 20
"""Of CSCV, see ``statistics.overfitting``; known here without numpy."""

_SPLITS_LIMIT: Final = 10_000
_OFF = "or cross_checks off"


class CrossChecks(Frozen):
    """How to cut the bars.

    Attributes:
        blocks: Of CSCV, even.
        groups, test_groups: Of combinatorial purged cross-validation.
        embargo: Bars more that are not for training after a test.
    """

    blocks: Annotated[int, Field(ge=2, le=MOST_BLOCKS, multiple_of=2)] = 16
    groups: Annotated[int, Field(ge=2, le=1_000)] = 10
    test_groups: Annotated[int, Field(ge=1, le=999)] = 2
    embargo: Annotated[int, Field(ge=0, le=1_000_000)] = 5

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.test_groups >= self.groups:
            raise ValueError("fewer test_groups than groups")
        if comb(self.groups, self.test_groups) > _SPLITS_LIMIT:
            raise ValueError(f"groups and test_groups of at most {_SPLITS_LIMIT:,} splits")
        return self

    def require_bars(self, bars: int) -> None:
        """Refuse more parts than some bars can be cut into.

        Raises:
            Invalid: Naming ``cross_checks.blocks`` or ``cross_checks.groups``.
        """
        # The first bar has no return.
        for name, parts, most in (
            ("blocks", self.blocks, max(bars - 1, 0) // 4 * 2),
            ("groups", self.groups, max(bars - 1, 0)),
        ):
            if parts > most:
                expected = f"at most {most:,} on {bars:,} bars, {_OFF}"
                raise Invalid(f"cross_checks.{name}", expected, parts)

    def require_cells(self, bars: int, combinations: int) -> None:
        """Refuse more combinations than can be looked at side by side.

        Raises:
            Invalid: Naming ``max_runs``.
        """
        if bars * combinations > CELLS_LIMIT:
            most = CELLS_LIMIT // bars
            expected = f"such that at most {most:,} are tried on {bars:,} bars, {_OFF}"
            raise Invalid("max_runs", expected, combinations)


def _switched(given: Any) -> Any:
    # As a switch: on as by default, or off.
    if isinstance(given, bool):
        return CrossChecks() if given else None
    return given


CrossChecksField = Annotated[CrossChecks | None, BeforeValidator(_switched)]
"""How to look at all combinations on the same bars besides; None, or ``false``, does not."""
