"""The brokers behind one port: what the platform asks of any of them, and an adapter for each."""
