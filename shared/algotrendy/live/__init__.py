"""Let strategies trade: their versions, their runs, and the proof that live is the backtest."""
