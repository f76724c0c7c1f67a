"""The Alpaca protocol of the paper exchange: REST and both WebSockets."""
