"""Stop when asked to, not when all work is done.

Stock: after SIGTERM it saves its state and then waits for the threads of Step Functions: a Map runs
all its items to the end first, for minutes, although the result is thrown away.

AWS: does not apply.

Fix: when the server has ended and the state is saved, the workers and the process are ended.
"""

import os
import sys

from ministack import app
from ministack.core import lambda_runtime


def apply() -> None:
    """Wrap the program."""
    stock = app.main

    def main() -> None:
        stock()
        lambda_runtime.reset()
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: that joins the threads.
        os._exit(0)

    app.main = main
