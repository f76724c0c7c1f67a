"""Write the examples of the API's document anew: PYTHONPATH=tests python -m api_examples."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import redirect_stderr

from api_examples.whole import FILE, recorded_text, worlds


def main() -> int:
    """Write the file, if anything in it is different now."""
    # What the apps log while they are asked is of no interest here.
    logging.disable(logging.CRITICAL)
    with redirect_stderr(io.StringIO()):
        text = recorded_text(worlds())
    if FILE.read_text(encoding="utf-8") != text:
        FILE.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
