"""Say in the platform's own errors what went wrong while the lake was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound, Unavailable

KEPT_DAYS = 30
"""Any version of the last so many days can be read: see ``LakeUpkeep.forget``."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the faults of a query into the platform's own.

    Raises:
        Invalid: If the SQL is wrong.
        NotFound: If a file is gone that an old version needs.
        Unavailable: If the store does not answer.
    """
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as error:
        if "Object Store error" in str(error) or "Object at location" in str(error):
            raise Unavailable("lake", str(error)) from error
        raise Invalid("sql", "a SELECT over the dataset's columns", str(error)) from error
    except (AlgoTrendyError, GeneratorExit):
        raise
    except Exception as error:
        # Faults of reading a file come as bare exceptions.
        if "Object at location" in str(error) and "not found" in str(error):
            hint = f"versions are kept for {KEPT_DAYS} days"
            raise NotFound("file of the lake", str(error).rpartition("/")[2][:60], hint) from error
        raise Unavailable("lake", str(error)) from error
