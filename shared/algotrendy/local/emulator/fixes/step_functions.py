"""Start an execution at once, and name a throttled task as AWS does.

Stock: every execution sleeps 150 ms before its first state. A Lambda task that is throttled fails
with `Lambda.Unknown`.

AWS: starts in a few milliseconds. A throttled task fails with `Lambda.TooManyRequestsException`,
which is what state machines retry on.

Fix: the sleep is taken out of the function's source; the call of a function is wrapped.
"""

from typing import Any

from ministack.services import stepfunctions

from . import source_text

_TOO_MANY_REQUESTS = "TooManyRequestsException"


def apply() -> None:
    """Mend the start of executions and the call of functions."""
    source_text.recompile(stepfunctions._run_execution, ("    time.sleep(0.15)\n", ""))
    stock = stepfunctions._call_lambda

    def call(func_ref: str, event: Any) -> Any:
        try:
            return stock(func_ref, event)
        except stepfunctions._ExecutionError as error:
            if error.error == "Lambda.Unknown" and _TOO_MANY_REQUESTS in error.cause:
                error.error = f"Lambda.{_TOO_MANY_REQUESTS}"
            raise

    stepfunctions._call_lambda = call
