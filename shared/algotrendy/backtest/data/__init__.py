"""Hold what a backtest runs on: bars as numpy arrays, checked, cut without a copy, and shared."""
