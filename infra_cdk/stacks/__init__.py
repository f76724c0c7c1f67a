"""Hold the stacks of a stage: what must never be lost, the network, and the application."""
