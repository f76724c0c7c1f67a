"""What an indicator does with one more bar: pure functions over floats, for two ways to run.

Every function takes ``memory``, a flat sequence of floats that start at 0.0, and ``at``, where its
own cells begin; then its inputs, one value each; then its arguments. It answers with the newest
value, nan while it warms up. Further outputs stand in its first cells, in the order in which the
indicator names them, and are nan as long as the answer is.

An input that is nan is no value: the answer is nan, and nothing else is changed. So an indicator
that reads another begins when that one has its first value.

Written in the subset that numba compiles, and never ``x ** 2``, ``min`` or ``max``: over a list the
functions run interpreted, over a float64 array compiled, and both give the same bits. ``x != x``
asks whether x is nan, without a call.

Sums over a window do not drift: each time the ring of values comes round, the running total is
replaced by one that was made afresh from the values of that round.
"""
