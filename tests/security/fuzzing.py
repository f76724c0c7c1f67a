"""Send what the document allows, and what it does not, to every route with real tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemathesis
import typer
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as of_document

from security.findings import Report
from security.people import Person

# What is held of every answer. Whether a token is asked for at all is what the walks look at.
_CHECKS = [
    schemathesis.checks.not_a_server_error,
    of_document.status_code_conformance,
    of_document.content_type_conformance,
    of_document.response_schema_conformance,
    of_document.response_headers_conformance,
]
_TIMEOUT_S = 60.0


def fuzz(
    report: Report, base_url: str, document: Mapping[str, Any], person: Person, examples: int
) -> None:
    """Fuzz each operation as one person; every answer must be one that the document knows."""
    generation = GenerationConfig(with_security_parameters=False)
    projects = ProjectsConfig(default=ProjectConfig(generation=generation))
    schema = schemathesis.openapi.from_dict(
        dict(document), config=SchemathesisConfig(projects=projects)
    )
    for result in schema.get_all_operations():
        report.check(isinstance(result, Ok), f"an operation of the document: {result}")
        if not isinstance(result, Ok):
            continue
        operation = result.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            _fuzz(report, base_url, operation, mode, person, examples)


def _fuzz(
    report: Report, base_url: str, operation: Any, mode: Any, person: Person, examples: int
) -> None:
    said: list[str] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def hold(case: Any) -> None:
        answer = case.call(base_url, headers=person.headers, timeout=_TIMEOUT_S)
        if answer.status_code == 429:
            return
        try:
            case.validate_response(answer, checks=_CHECKS)
        except FailureGroup as failures:
            said.extend(str(each).replace("\n", " ")[:300] for each in failures.exceptions)

    name = f"{operation.method.upper()} {operation.path} as {person.role}, {mode.value}"
    try:
        hold()
    except Unsatisfiable:
        return  # nothing about it can be wrong: it takes neither parameters nor a body
    except RecursionError:
        typer.echo(f"  not fuzzed: {name}: the fuzzer itself fails on its schema")
        return
    except schemathesis.errors.SchemathesisError as error:
        said.append(f"no example: {error}")
    report.check(not said, f"{name}: {said[0] if said else ''}")
