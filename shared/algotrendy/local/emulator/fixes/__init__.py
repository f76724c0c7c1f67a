"""What ministack 1.5.33 does otherwise than AWS, mended one defect a module.

Each module has an `apply()` that is called once, before the server starts.
"""

import importlib

MINISTACK_VERSION = "1.5.33"

NAMES = (
    "handler_errors",
    "init_errors",
    "root_logger",
    "end_of_log",
    "few_workers",
    "worker_lifetime",
    "step_functions",
    "task_tokens",
    "api_cors",
    "numbered_requests",
    "signed_in_at",
    "newest_deployments",
    "kinesis_mapping",
    "loopback",
    "unpacked_packages",
    "lambda_state",
    "snapshots",
    "prompt_stop",
)


def apply_all() -> None:
    """Apply every fix.

    Raises:
        ChangedMinistackError: If ministack is not the one that the fixes were written for.
    """
    for name in NAMES:
        importlib.import_module(f"{__name__}.{name}").apply()
