"""Write down what quantstats finds in real returns; the tests hold ours to it.

quantstats is too heavy to be installed with the tests, so it runs in an environment of its own:

    .uv/bin/uv venv /tmp/quantstats --python .venv/bin/python
    .uv/bin/uv pip install --python /tmp/quantstats/bin/python quantstats==0.0.86
    cd tests/golden/backtest
    PYTHONPATH=../.. ../../../.venv/bin/python write_statistics.py returns /tmp/returns.json
    /tmp/quantstats/bin/python write_statistics.py figures /tmp/returns.json

The second command reads the closes of AAPL and SPX of the samples, adjusted, on the days that both
have; the last writes statistics.json beside this file, versions included.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("statistics.json")


def write_returns(path: Path) -> None:
    """Write days and simple returns of AAPL and SPX, to the last bit."""
    from fakes.real_returns import aapl_and_spx

    days, ours, market = aapl_and_spx()
    path.write_text(json.dumps({"days": days, "returns": ours, "benchmark": market}))


def write_figures(path: Path) -> None:
    """Write quantstats' figures of those returns."""
    import numpy as np

    pd: Any = importlib.import_module("pandas")
    warnings.simplefilter("ignore")
    q: Any = importlib.import_module("quantstats").stats
    data = json.loads(path.read_text())
    index = pd.to_datetime(np.array(data["days"]))
    r = pd.Series(data["returns"], index=index, name="AAPL")
    b = pd.Series(data["benchmark"], index=index, name="SPX")
    greeks = q.greeks(r, b)
    falls = q.drawdown_details(q.to_drawdown_series(r))
    months = q.monthly_returns(r, eoy=False)
    figures = {
        "total_return": q.comp(r),
        "cagr": q.cagr(r),
        "volatility": q.volatility(r),
        "sharpe": q.sharpe(r),
        "sortino": q.sortino(r),
        "calmar": q.calmar(r),
        "max_drawdown": q.max_drawdown(r),
        "omega": q.omega(r),
        "gain_to_pain": q.gain_to_pain_ratio(r),
        "kelly": q.kelly_criterion(r),
        "tail_ratio": q.tail_ratio(r),
        "common_sense": q.common_sense_ratio(r),
        "var_normal": q.value_at_risk(r),
        "cvar_normal": q.cvar(r),
        "skew": q.skew(r),
        "kurtosis": q.kurtosis(r),
        "ulcer_index": q.ulcer_index(r),
        "win_rate": q.win_rate(r),
        "best_year": q.best(r, aggregate="year"),
        "worst_year": q.worst(r, aggregate="year"),
        "information_ratio": q.information_ratio(r, b),
        "beta": greeks["beta"],
        "alpha": greeks["alpha"],
        "r_squared": q.r_squared(r, b),
        "probabilistic_sharpe": q.probabilistic_sharpe_ratio(r),
        "consecutive_wins": q.consecutive_wins(r),
        "consecutive_losses": q.consecutive_losses(r),
    }
    GOLDEN.write_text(
        json.dumps(
            {
                "versions": {name: version(name) for name in ("quantstats", "pandas", "numpy")},
                "figures": {name: float(value) for name, value in figures.items()},
                "months": months.to_numpy().tolist(),
                "drawdowns": falls.sort_values("max drawdown")[
                    ["start", "valley", "end", "max drawdown"]
                ]
                .head(5)
                .astype(str)
                .to_numpy()
                .tolist(),
            },
            indent=2,
        )
        + "\n"
    )


if __name__ == "__main__":
    {"returns": write_returns, "figures": write_figures}[sys.argv[1]](Path(sys.argv[2]))
