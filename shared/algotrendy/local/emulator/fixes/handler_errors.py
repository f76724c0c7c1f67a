"""Report what a handler raised, and keep its worker.

Stock: every exception of a handler has errorType `Runtime.HandlerError`, so no Retry or Catch of
Step Functions can name our errors, and there is no stack trace. The worker process is
terminated after it, as after a death in mid-call, which is a `Runtime.HandlerError` too.

AWS: errorType is the exception's class name, beside errorMessage, requestId and stackTrace; the
traceback is in the log; the environment serves the next call. A process that dies in mid-call is
a `Runtime.ExitError`.

Fix: the worker answers a raised exception as a result under a key of ours, so that ministack sees
no reason to terminate it; the result becomes an error again on the way to the caller.
"""

from typing import Any

from ministack.services import lambda_svc

from . import source_text

_FAILURE = "__algotrendy_handler_failure__"


def _describe_failure(error: Exception, request_id: str) -> dict[str, Any]:
    import sys
    import traceback

    # The first frame is the worker's own call of the handler.
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    name = type(error).__name__
    lines = traceback.format_exception(type(error), error, trace)
    sys.stderr.write("[ERROR] " + name + ": " + str(error) + "\n" + "".join(lines[:-1]))
    sys.stderr.flush()
    report = {
        "errorMessage": str(error),
        "errorType": name,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(trace),
    }
    return {"status": "ok", "result": {"__algotrendy_handler_failure__": report}}


def apply() -> None:
    """Mend the worker program and what reads its answers."""
    source_text.change_worker(
        (
            r'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})',
            "json.dumps(_describe_failure(e, context.aws_request_id))",
        ),
        helpers=(_describe_failure,),
    )
    stock = lambda_svc._execute_function_warm

    def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = stock(func, event, request_id)
        body = result.get("body")
        if isinstance(body, dict) and _FAILURE in body:
            return result | {"body": body[_FAILURE], "error": True}
        if result.get("error") and body == {
            "errorMessage": "Worker process died",
            "errorType": "Runtime.HandlerError",
        }:
            message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            error = {"errorType": "Runtime.ExitError", "errorMessage": message}
            return result | {"body": error}
        return result

    lambda_svc._execute_function_warm = execute
