"""Bars: validated, kept in the lake, read back by symbol and range."""
