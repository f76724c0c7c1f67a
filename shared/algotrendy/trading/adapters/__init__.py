"""Adapters of trading: where what it needs meets the platform."""
