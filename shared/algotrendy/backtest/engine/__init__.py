"""The bar engine: decide after a close, fill from the next open on, count every cent.

One set of rules, in `rules` and `exchange.rules`, and two drivers of it: `interpreted` in plain
Python, `compiled` with numba. Float64 throughout, one order of operations: the same bars and
parameters give the same bits in both, and on every machine.
"""

from __future__ import annotations

ENGINE_VERSION = 3
"""Grows with every change that may change a result; a sweep ends with the one it began with."""
