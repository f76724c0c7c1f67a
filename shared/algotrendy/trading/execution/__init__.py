"""Be the one writer of an account at its broker: send, hear, ask, and never twice."""
