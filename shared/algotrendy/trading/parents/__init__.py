"""Slice a large order into small ones: by time, by volume, or behind a small display."""
