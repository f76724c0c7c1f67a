"""Reach what serves the whole: the places of the status page, and what it looks at."""
