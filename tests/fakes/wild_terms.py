"""Terms of every sort, by name."""

from __future__ import annotations

from algotrendy.backtest.engine.terms import Terms

WILD_TERMS = {
    "nothing": Terms(20_000.0, fee_bps=0.0),
    "fees": Terms(20_000.0, fee_bps=10.0, fee_minimum=1.0, sale_fee_bps=0.3),
    "fees_a_unit": Terms(
        15_000.0,
        fee_bps=0.0,
        fee_per_unit=0.01,
        fee_minimum=2.0,
        fee_most_bps=100.0,
        sale_fee_per_unit=0.0002,
    ),
    "slippage": Terms(20_000.0, fee_bps=0.0, slippage_bps=5.0, spread=0.02, fractional=True),
    "volume": Terms(20_000.0, fee_bps=5.0, impact_bps=30.0, participation=0.02),
    "fractional_volume": Terms(
        20_000.0, fee_bps=0.0, participation=0.005, fractional=True, cash_rate=0.04
    ),
    "shorts": Terms(20_000.0, fee_bps=5.0, allow_short=True, borrow_rate=0.03, cash_rate=0.02),
    "leverage": Terms(
        10_000.0, fee_bps=2.0, allow_short=True, leverage=4.0, maintenance=0.24, loan_rate=0.08
    ),
    "long_leverage": Terms(
        10_000.0,
        fee_bps=0.0,
        fee_per_unit=0.02,
        leverage=2.0,
        maintenance=0.48,
        loan_rate=0.1,
        participation=0.1,
    ),
    "ruin": Terms(
        2_000.0, fee_bps=0.0, fee_minimum=5.0, allow_short=True, leverage=50.0, spread=0.05
    ),
    "poor": Terms(
        300.0, fee_bps=0.0, fee_minimum=1.0, fee_most_bps=50.0, allow_short=True, fractional=True
    ),
}
