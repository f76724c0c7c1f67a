"""QuantConnect, through its REST API v2."""

from __future__ import annotations

from pathlib import Path


def lean_bridge_path() -> Path:
    """Give the file of the LEAN algorithm that the adapter trades through."""
    return Path(__file__).with_name("lean_bridge.py")
