"""What a strategy is, and the library of them."""
