"""What orders do against a market: pure functions over records, for three ways to run.

Everything here is written in the subset that numba compiles: ``orders[k].field``, numbers, loops;
no dicts, strings, exceptions or enums. Handed structured arrays it runs compiled; handed lists of
slotted objects it runs interpreted; both give the same bits. `algotrendy.exchange.compiled` makes
the compiled ones.

A fill's price is always one of the prices that came in (a quote, a trade, a bar's price, a limit,
a stop): nothing is averaged. So an exact decimal survives the way through float64 and back.
"""
