"""Search a strategy's parameters: grid, random, Bayesian and genetic, in batches, repeatable."""
