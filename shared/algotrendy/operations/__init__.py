"""What serves the whole platform: its documents, and the relay of its events."""
