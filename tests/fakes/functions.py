"""Load Lambda handlers from their files, as Lambda does: by path, each a module of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

FUNCTIONS = Path(__file__).parents[2] / "functions"

Handler = Callable[[Any, Any], Any]


class Context:
    """What Lambda tells a handler about its invocation."""

    function_name = "function-in-a-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function-in-a-test"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Say that there is time."""
        return 30_000


def load_handler(capability: str, name: str) -> Handler:
    """Load ``functions/<capability>/<name>.py`` and give its handler."""
    file = FUNCTIONS / capability / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"functions_{capability}_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler
