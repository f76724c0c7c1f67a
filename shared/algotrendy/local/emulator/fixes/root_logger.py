"""Give every function the root log handler that Lambda's runtime gives it.

Stock: the root logger has no handler. Lines under WARNING are lost, others come without level,
time and request id.

AWS: the runtime installs a handler on the root logger before it imports the function:
`[INFO]<tab>2026-01-02T03:04:05.678Z<tab>request id<tab>message`; the level stays WARNING until
the function sets another.

Fix: the worker program installs such a handler before the import.
"""

from typing import Any

from . import source_text


def _install_root_handler() -> Any:
    import logging
    import sys
    import time

    class Handler(logging.StreamHandler):  # type: ignore[type-arg]
        request_id = ""

        def format(self, record: logging.LogRecord) -> str:
            record.aws_request_id = self.request_id
            return super().format(record)

    handler = Handler(sys.stderr)
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
        "%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    return handler


def apply() -> None:
    """Mend the worker program."""
    source_text.change_worker(
        source_text.before(
            "        mod = importlib.import_module(module_name)",
            "        _root_handler = _install_root_handler()",
        ),
        source_text.before(
            "            result = handler_fn(event, context)",
            "            _root_handler.request_id = context.aws_request_id",
        ),
        helpers=(_install_root_handler,),
    )
