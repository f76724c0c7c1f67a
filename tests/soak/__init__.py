"""A soak of market data: a hostile feed, killed processes, and a count of every tick."""
