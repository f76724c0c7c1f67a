"""Hold one kernel a style: plain functions that run interpreted, and that numba compiles as is.

Each module has ``STATE``, the fields that it keeps between calls, ``advance`` and ``partial``::

    advance(state, rule, times, prices, sizes, bars, at) -> (taken, at)

takes trades until they end or ``bars`` has no room, and writes whole bars from row ``at`` on. A
trade that would need more rows than are left is not begun; ``state.needed`` then says how many.
``partial(state, rule, bar)`` writes the unfinished bar, and says whether there is one.

What holds for all of them: prices are finite and above 0, times never decrease. A level is
``anchor + number * size``, never a sum of sizes. As binary numbers hold few decimals exactly, a
level counts as reached from a millionth of a size before it, and an amount as full from a billionth
of it before. What follows of a trade, follows of it alone and of those before.
"""
