"""Prove each day that what a run decided live is what the backtester decides on the same bars."""
