"""Write the examples of the API's document: PYTHONPATH=tests python -m api_examples [--check]."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory

from api_examples.whole import FILE, recorded_text, worlds


def main(arguments: list[str]) -> int:
    """Write the file if anything in it is different now or, with ``--check``, say so."""
    # What the apps log while they are asked is of no interest here.
    logging.disable(logging.CRITICAL)
    with redirect_stderr(io.StringIO()), TemporaryDirectory(prefix="api-examples-") as folder:
        text = recorded_text(worlds(Path(folder)))
    if FILE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"not what the apps answer; run `make published`: {FILE}\n")
        return 1
    FILE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
