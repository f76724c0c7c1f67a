"""The rules of a run: what a fill costs, what an account may do, how orders are placed.

One source, interpreted over slotted objects and lists or compiled over structured arrays: plain
functions of numbers and records, as in `exchange.rules`, which match the orders.
"""
