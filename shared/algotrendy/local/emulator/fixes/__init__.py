"""What ministack 1.5.33 does otherwise than AWS, mended one defect a module.

Each module has an `apply()` that is called once, before the server starts.
"""

MINISTACK_VERSION = "1.5.33"


def apply_all() -> list[str]:
    """Apply every fix and name them."""
    return []
