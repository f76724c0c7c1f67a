"""The real supervisor process with real servers, and a deployment that takes no time.

Run as a script in place of `-m algotrendy.local.daemon`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from algotrendy.local.daemon import main
from algotrendy.local.deploy import Deployment, Report
from algotrendy.local.home import Home, Ports
from algotrendy.local.status import StepState, StepStatus

DEPLOYMENTS = "deployments.txt"


class CountedDeployer:
    """Writes a line for each deployment, and fails when the home holds a file `fail-deploy`."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def ensure(self, report: Report, *, from_tree: bool) -> Deployment:
        report(StepStatus("deploy", StepState.RUNNING))
        with (self._home.root / DEPLOYMENTS).open("a") as file:
            file.write("from the tree\n" if from_tree else "restored\n")
        if (self._home.root / "fail-deploy").exists():
            from algotrendy.kernel.errors import Unavailable

            raise Unavailable("deploy", "told to fail")
        report(StepStatus("deploy", StepState.DONE, 0.1))
        return Deployment("f" * 32, {"api": "http://127.0.0.1/api"})

    def cancel(self) -> None:
        return


def make_deployer(home: Home, project: Path, ports: Ports, urls: dict[str, str]) -> CountedDeployer:
    return CountedDeployer(home)


if __name__ == "__main__":
    # Nothing is deployed for a service to run on.
    sys.exit(main(make_deployer=make_deployer, make_services=lambda *_: ()))
