"""QuantConnect, through its REST API v2."""
