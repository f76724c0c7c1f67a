"""The paper exchange without its wires: accounts, orders, a book, and what becomes of them.

Pure and deterministic: time, prices, ids and randomness come from outside. Money is decimal.
"""
