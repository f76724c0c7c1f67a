"""Report why a function could not be loaded, to its caller and in its log.

Stock: a module that fails to import gives errorType `RuntimeError`, message "Worker init failed:
..." and nothing in the log.

AWS: `Runtime.ImportModuleError` for a missing module, `Runtime.HandlerNotFound` for a missing
handler, the exception's class name and stack trace for another exception; the log tells it.

Fix: the worker describes the failure as JSON where stock sends the bare message; the description
is taken out of the message again on the way to the caller.
"""

import json
from typing import Any

from ministack.services import lambda_svc

from . import source_text

_PREFIX = "Worker init failed: "


def _describe_init_failure(error: Exception, module: str, handler: str) -> str:
    import json
    import traceback

    kind, message = type(error).__name__, str(error)
    # The first frames are the worker's and importlib's; AWS shows the function's own.
    trace = [
        frame
        for frame in traceback.format_tb(error.__traceback__)
        if "_worker.py" not in frame and "importlib" not in frame
    ]
    if isinstance(error, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
    elif isinstance(error, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
        message = f"Syntax error in module '{module}': {error}"
    elif isinstance(error, AttributeError) and not trace:
        kind = "Runtime.HandlerNotFound"
        message = f"Handler '{handler}' missing on module '{module}'"
    described = {"errorType": kind, "errorMessage": message, "stackTrace": trace}
    return json.dumps({"status": "error", "error": json.dumps(described)})


def apply() -> None:
    """Mend the worker program and what reads its refusal."""
    source_text.change_worker(
        (
            'json.dumps({"status": "error", "error": str(e)})',
            "_describe_init_failure(e, module_name, handler_name)",
        ),
        helpers=(_describe_init_failure,),
    )
    stock = lambda_svc._execute_function_warm

    def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = stock(func, event, request_id)
        body = result.get("body")
        message = body.get("errorMessage") if isinstance(body, dict) else None
        if not result.get("error") or not str(message).startswith(_PREFIX):
            return result
        described = json.loads(str(message).removeprefix(_PREFIX))
        told = f"[ERROR] {described['errorType']}: {described['errorMessage']}\n"
        return result | {"body": described, "log": told + "".join(described["stackTrace"])}

    lambda_svc._execute_function_warm = execute
