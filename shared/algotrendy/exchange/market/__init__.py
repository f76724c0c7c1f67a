"""Where the paper exchange's prices come from: replayed bars and ticks, a seed, or a script."""
