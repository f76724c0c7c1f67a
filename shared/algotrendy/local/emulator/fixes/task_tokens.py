"""Fail a task that waits for its token when the function that was to take the token fails.

Stock: the error of a function that is called with `lambda:invoke.waitForTaskToken` is lost, and the
task waits until its timeout. A task that is tried again has the token of its first attempt.

AWS: the error fails the attempt, unless the token was answered already; Retry and Catch match it.
Each attempt has a token of its own.

Fix: two lines of the source of each of the two functions are replaced.
"""

from ministack.services import stepfunctions

from . import source_text

_LOST = "        except _ExecutionError:\n            pass\n"
_RAISED = """        except _ExecutionError:
            if not evt.is_set():
                _task_tokens.pop(token, None)
                raise
"""
_ATTEMPT = '        ctx["State"]["RetryCount"] = sum(retry_counts.values())'
_ANEW = """        if is_callback:
            ctx["Task"] = {"Token": new_uuid()}"""


def apply() -> None:
    """Mend tasks that wait for a token."""
    source_text.recompile(stepfunctions._invoke_with_callback, (_LOST, _RAISED))
    source_text.recompile(stepfunctions._execute_task, (_ATTEMPT, f"{_ANEW}\n{_ATTEMPT}"))
