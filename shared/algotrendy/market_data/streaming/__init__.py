"""Market data in real time: from a feed's socket to the lake, and to clients."""
