"""Find what is missing or wrong in market data, tell it by symbol, and repair what can be."""
