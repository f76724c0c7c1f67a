"""Trade against the paper exchange's venue in the same process: no wires, the same rules."""
