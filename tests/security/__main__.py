"""`make security`: attack a real platform of its own, and look through code and templates.

Ends `security: N routes, N roles, 0 failures`, or names each thing that is wrong, and fails.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

import httpx
import typer

from algotrendy.identity.permissions import Role
from fixtures.platform import Platform, a_platform
from security import static
from security.attacks import attack_tokens
from security.faults import bad_input
from security.findings import Report
from security.fuzzing import fuzz
from security.objects import make_objects
from security.people import intruder, people, signed_in_again
from security.routes import routes_of
from security.walks import walk_across, walk_as_nobody, walk_as_roles

_OPEN_S = 90.0


def main() -> int:
    """Look at everything; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="security", description=__doc__)
    parser.add_argument("--examples", type=int, default=6, help="of each route and role, fuzzed")
    parser.add_argument("--only-platform", action="store_true", help="leave code and templates out")
    asked = parser.parse_args()
    report = Report()
    if not asked.only_platform:
        report.section("code, secrets and templates")
        static.look_through(report)
    with a_platform() as platform:
        routes = attack(report, platform, asked.examples)
    typer.echo(f"security: {report.checks:,} checks")
    typer.echo(f"security: {routes} routes, {len(Role)} roles, {len(report.failures)} failures")
    return 1 if report.failures else 0


def attack(report: Report, platform: Platform, examples: int) -> int:
    """Attack a platform that is up; give how many routes it has."""
    platform.succeed("bars", "import", "--source", "all")
    everybody, other = people(platform), intruder(platform)
    by_role = {person.role: person for person in everybody}
    admin = by_role[Role.ADMIN]
    with httpx.Client(base_url=platform.api_url, timeout=60) as http:
        document = http.get("/openapi.json").raise_for_status().json()
        routes = routes_of(document)
        _wait_for_the_account(http, admin.headers)
        report.section("tokens")
        attack_tokens(report, http, platform, admin)
        report.section("routes without a token")
        walk_as_nobody(report, http, document, routes)
        report.section("bad input")
        bad_input(report, http, admin)
        report.section("routes as each role")
        fresh = [signed_in_again(platform, person) for person in everybody]
        walk_as_roles(report, http, document, routes, fresh)
        report.section("routes across tenants")
        owner = signed_in_again(platform, admin)
        owned = make_objects(report, http, document, routes, owner)
        walk_across(report, http, document, routes, owned, signed_in_again(platform, other))
    warnings.simplefilter("ignore")
    for person in everybody:
        report.section(f"fuzzed requests as {person.role}")
        fuzz(report, platform.api_url, document, signed_in_again(platform, person), examples)
    return len(routes)


def _wait_for_the_account(http: httpx.Client, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + _OPEN_S
    while time.monotonic() < deadline:
        found = http.get("/v1/accounts", headers=headers).json().get("accounts", [])
        if any(each["cash"] != "0" for each in found):
            return
        time.sleep(1)
    raise TimeoutError("the account of the paper exchange did not open")


if __name__ == "__main__":
    sys.exit(main())
