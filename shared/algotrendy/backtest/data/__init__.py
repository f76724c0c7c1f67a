"""Hold what a backtest runs on: bars as numpy arrays, checked, cut without a copy, and shared.

``frames.from_frame`` makes a ``Dataset`` of pandas frames, ``making.from_series`` of what the bar
store gives and ``making.from_arrays`` of anything else. pandas is loaded with a frame, and not
before.
"""
