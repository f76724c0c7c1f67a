"""Judge an order before it is sent, and say what a portfolio may lose: pure, no input or output."""
