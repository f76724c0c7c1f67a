"""Move market data out of another system's tables into the lake, and prove that all is there."""
