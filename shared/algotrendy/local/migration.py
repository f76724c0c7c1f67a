"""Bring the database's tables up to date: `python -m algotrendy.local.migration`.

A process of its own, so that a supervisor that has run for days applies the code of today.
"""

from __future__ import annotations

import os
import sys

from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.platform.database import Database
from algotrendy.platform.migrate import migrate


def main() -> int:
    """Apply the migrations to ALGOTRENDY_DATABASE_URL; an expected error is one line."""
    try:
        migrate(Database(os.environ["ALGOTRENDY_DATABASE_URL"]))
    except AlgoTrendyError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
