"""`make load`: ten times the demo's traffic, for minutes, through the local gateway."""
