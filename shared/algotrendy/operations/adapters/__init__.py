"""Reach what serves the whole: the places of the status page, what it looks at, the logs."""
