"""The floor: one venue, one market, one store and one clock, run by one asyncio task at a time."""
