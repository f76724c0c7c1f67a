"""Say on which terms a backtest may run over bars that nobody stored."""

from __future__ import annotations

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.quality.policy import GapPolicy


def require_fillable(gaps: GapPolicy, participation: float) -> None:
    """Refuse to fill gaps where orders could be dealt at the price of a filled bar.

    With a ``participation`` an order takes a part of a bar's volume, and a filled bar has none:
    the order waits for the next bar that was traded.

    Raises:
        Invalid: Naming ``gaps``.
    """
    if gaps is GapPolicy.FILL and not participation > 0:
        expected = (
            "keep or refuse without a participation above 0, by which orders wait for the next bar "
            "that was traded: nobody dealt at the price of a filled one"
        )
        raise Invalid("gaps", expected, str(gaps))
