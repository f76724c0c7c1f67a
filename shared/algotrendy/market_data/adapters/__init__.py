"""Bars in the lake, and the files that bars come from."""
