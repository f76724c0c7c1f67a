"""Find what the log says of one request, and show its whole way as a tree with times."""
