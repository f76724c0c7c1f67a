"""The order path: orders that cannot be lost or doubled, and books that balance."""
