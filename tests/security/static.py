"""Look through the code, what is kept in git, and what would be deployed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from security.findings import Report

ROOT = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("known_secrets.json")
# Not those of high entropy: hashes, ids and golden figures are as random as keys are.
_SECRETS = (
    "AWSKey",
    "BasicAuth",
    "GitHubToken",
    "JwtToken",
    "Keyword",
    "PrivateKey",
    "Slack",
    "Stripe",
)
_NOT_WRITTEN = (
    *(".lock", "package-lock.json", ".svg", ".png", ".js", ".css", ".parquet", ".bin"),
    *(
        "docs/openapi.json",
        "docs/openapi.released.json",
        "client/models.py",
        "client/operations.py",
    ),
)
_TEMPLATE_TESTS = ("least_privilege", "house_rules")
_CODE = ("shared", "functions", "services", "infra_cdk")


def look_through(report: Report) -> None:
    """Run every check that needs no platform."""
    look_through_code(report)
    _templates(report)


def look_through_code(report: Report) -> None:
    """Look for mistakes and secrets in what is kept in git."""
    _bandit(report)
    _secrets(report)


def _bandit(report: Report) -> None:
    told = ("--format", "json", "--configfile", "pyproject.toml")
    done = _run("bandit", "--quiet", "--recursive", *_CODE, *told)
    found = json.loads(done.stdout or "{}")
    report.check(bool(found.get("metrics")), f"bandit ran: {done.stderr[-300:]}")
    for each in found.get("results", []):
        where = f"{each['filename']}:{each['line_number']}"
        report.check(False, f"bandit {each['test_id']} {where}: {each['issue_text']}")
    # What bandit is told to skip, ruff holds line by line, each with its reason beside it.
    ruff = _run("ruff", "check", *_CODE)
    report.check(ruff.returncode == 0, f"ruff: {ruff.stdout[-500:]}")


def _secrets(report: Report) -> None:
    """Find what looks like a secret and is not among the known ones: of tests, and of names."""
    known = {_identity(each) for each in json.loads(KNOWN.read_text())}
    found = secrets_in_git()
    for each in found:
        report.check(_identity(each) in known, f"{each['type']} in {each['filename']}")
    report.check(bool(found), "the search for secrets finds those of the tests")


def secrets_in_git() -> list[dict[str, Any]]:
    """Find what looks like a secret in every file that is written by hand."""
    files = [name for name in _git("ls-files").splitlines() if not name.endswith(_NOT_WRITTEN)]
    plugins = [{"name": f"{name}Detector"} for name in _SECRETS]
    with transient_settings({"plugins_used": plugins}):
        found = SecretsCollection()
        found.scan_files(*[str(ROOT / name) for name in files])
        return sorted(
            (
                {
                    "filename": str(Path(each.filename).relative_to(ROOT)),
                    "type": each.type,
                    "hash": each.secret_hash,
                }
                for _, each in found
            ),
            key=_identity,
        )


def _identity(secret: dict[str, Any]) -> tuple[str, str, str]:
    return secret["filename"], secret["type"], secret["hash"]


def _templates(report: Report) -> None:
    """Synthesise what prod is: the CDK's checks of the house and of AWS run within."""
    for stage in ("dev", "prod"):
        done = subprocess.run(
            ["make", "--no-print-directory", "synth", f"STAGE={stage}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        report.check(done.returncode == 0, f"templates of {stage}: {done.stderr[-800:]}")
    done = _run(
        "pytest", "-q", "tests/infra/test_least_privilege.py", "tests/infra/test_house_rules.py"
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    report.check(done.returncode == 0, f"least privilege: {done.stdout[-800:]}")
    report.checks += int(passed[1]) if passed else 0


def _run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(tool)
    return subprocess.run(
        [str(program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
