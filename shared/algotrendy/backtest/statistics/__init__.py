"""Sum a run up in numbers, each defined where it is computed.

A number that its definition leaves open (a Sharpe ratio without any variation, a win rate without
a trade) is None, never 0, NaN or infinity. Returns are simple, from close to close; the risk-free
rate is 0.
"""
