"""Change the source text of ministack where no function can be wrapped, and refuse surprises."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime

# Helpers are annotated for mypy with names that the worker need not know.
_LAZY_ANNOTATIONS = "from __future__ import annotations\n\n"


class ChangedMinistackError(Exception):
    """The text that a fix expects in ministack is not there exactly once."""


def replace_once(text: str, old: str, new: str) -> str:
    """Replace the only occurrence of a text.

    Raises:
        ChangedMinistackError: If ``old`` occurs never or more than once.
    """
    found = text.count(old)
    if found != 1:
        raise ChangedMinistackError(f"expected exactly one match, found {found}, of:\n{old}")
    return text.replace(old, new)


def before(text: str, inserted: str) -> tuple[str, str]:
    """Describe the replacement that only puts a line before a text."""
    return text, f"{inserted}\n{text}"


def recompile(function: Callable[..., Any], *replacements: tuple[str, str]) -> None:
    """Put a function back into its module with some of its source text replaced."""
    text = inspect.getsource(function)
    for old, new in replacements:
        text = replace_once(text, old, new)
    code = compile(text, f"{function.__code__.co_filename} (mended)", "exec")
    exec(code, function.__globals__)  # noqa: S102 - the text is ministack's own, in its own module


def change_worker(
    *replacements: tuple[str, str], helpers: tuple[Callable[..., Any], ...] = ()
) -> None:
    """Change the program that every warm Python worker of Lambda runs.

    Args:
        replacements: Pairs of old and new text.
        helpers: Functions that the new text calls. Their source is put in front of the program,
            so each may use only what it imports itself.
    """
    program = lambda_runtime._PYTHON_WORKER_SCRIPT.removeprefix(_LAZY_ANNOTATIONS)
    for old, new in replacements:
        program = replace_once(program, old, new)
    sources = [textwrap.dedent(inspect.getsource(helper)) for helper in helpers]
    lambda_runtime._PYTHON_WORKER_SCRIPT = _LAZY_ANNOTATIONS + "\n\n".join([*sources, program])
