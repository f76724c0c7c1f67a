"""Bring database and AWS account to what the working tree says, doing only what is needed.

Synth is skipped when nothing that it reads has changed; the deployment when the account itself
says that this is what it runs. Every step may be killed at any time: it leaves either nothing or
something complete, and the next run goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from algotrendy.kernel.errors import Unavailable
from algotrendy.local.account import Deployed
from algotrendy.local.fingerprint import synth_fingerprint
from algotrendy.local.home import (
    CACHE_PORT_VARIABLE,
    EMULATOR_PORT_VARIABLE,
    EXCHANGE_PORT_VARIABLE,
    EXECUTION_PORT_VARIABLE,
    HOME_VARIABLE,
    STAGE_VARIABLE,
    STATUS_PORT_VARIABLE,
    STREAMING_PORT_VARIABLE,
    Home,
    Ports,
    write_environment_file,
)
from algotrendy.local.processes import MARK_VARIABLE, PART_VARIABLE
from algotrendy.local.services import STYLES_VARIABLE, streamed_styles
from algotrendy.local.status import StepState, StepStatus

DEPLOY_PART = "deploy"
_KEPT_ASSEMBLIES = 2
_SETTLE_TRIES = 20
# What infra_cdk/config.py reads of a user's own environment and the laptop's templates depend on.
_CHOSEN_AT_SYNTH = ("ALGOTRENDY_CORS_ORIGINS", "ALGOTRENDY_OPERATOR_TENANT")
_SETTLE_PAUSE_S = 0.5
_UNSETTLED = "unsettled"

Report = Callable[[StepStatus], None]


class StateIsBroken(Unavailable):
    """Is raised when the emulator came back with a state that no deployment can build on."""

    def __init__(self, reason: str) -> None:
        super().__init__("emulator", reason)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What stands after a deployment."""

    fingerprint: str
    urls: dict[str, str]


class Deployer(Protocol):
    """Brings the platform to the state of the working tree."""

    def ensure(self, report: Report, *, from_tree: bool) -> Deployment:
        """Deploy what is not deployed yet; blocks, safe to call again.

        Args:
            report: Gets each step, again and again while it goes on.
            from_tree: Deploy the working tree as it is now. Otherwise restore what was deployed
                last: an emulator that died in the middle of somebody's edit must not deploy that.

        Raises:
            StateIsBroken: If the emulator must start over from nothing first.
            AlgoTrendyError: If it cannot be deployed; says why.
        """
        ...

    def cancel(self) -> None:
        """End a running ensure() soon, from another thread."""
        ...


class Runs(Protocol):
    """Runs the commands of a deployment."""

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> None: ...

    def cancel(self) -> None: ...


class Account(Protocol):
    """The account that is deployed to."""

    @property
    def environment(self) -> dict[str, str]: ...

    @property
    def target(self) -> str: ...

    def deployed(self) -> Deployed: ...

    def record(self, fingerprint: str | None) -> None: ...

    def clear_staging(self) -> None: ...

    def adopt_orphans(self) -> None: ...

    def urls(self) -> dict[str, str]: ...


class CdkDeployer:
    """Deploys the CDK app of a checkout to the emulator."""

    def __init__(
        self,
        home: Home,
        project: Path,
        ports: Ports,
        urls: Mapping[str, str],
        commands: Runs,
        account: Account,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._home = home
        self._project = project
        self._ports = ports
        self._urls = urls
        self._commands = commands
        self._account = account
        self._sleep = sleep
        self._migrated: str | None = None
        self._last: tuple[str, Path] | None = None

    def ensure(self, report: Report, *, from_tree: bool) -> Deployment:
        """Migrate, synthesise, bootstrap and deploy, each only when it is needed."""
        write_environment_file(self._home.environment_file, self.platform_environment())
        self._check_tools()
        if from_tree or self._last is None:
            self._migrate(report)
            self._last = self._synthesise(report)
        fingerprint, assembly = self._last
        self._deploy(fingerprint, assembly, report)
        return Deployment(fingerprint, self._account.urls())

    def cancel(self) -> None:
        """Stop the command that runs, and start no other."""
        self._commands.cancel()

    def platform_environment(self) -> dict[str, str]:
        """What a command of this machine needs to talk to this platform."""
        return {
            **self._account.environment,
            STAGE_VARIABLE: "local",
            EMULATOR_PORT_VARIABLE: str(self._ports.emulator),
            CACHE_PORT_VARIABLE: str(self._ports.cache),
            EXCHANGE_PORT_VARIABLE: str(self._ports.exchange),
            EXECUTION_PORT_VARIABLE: str(self._ports.execution),
            STREAMING_PORT_VARIABLE: str(self._ports.streaming),
            STATUS_PORT_VARIABLE: str(self._ports.status),
            "ALGOTRENDY_STATUS_URL": self._home.status_page.as_uri(),
            "ALGOTRENDY_EXCHANGE_URL": self._urls["exchange"],
            "ALGOTRENDY_DATABASE_URL": self._urls["postgres"],
            "ALGOTRENDY_CACHE_URL": self._urls["valkey"],
        }

    def _migrate(self, report: Report) -> None:
        fingerprint = self._fingerprint()
        if self._migrated != fingerprint:
            with _Step("database migrations", report) as step:
                self._run([sys.executable, "-m", "algotrendy.cli.main", "tables"], step)
            self._migrated = fingerprint

    def _synthesise(self, report: Report) -> tuple[str, Path]:
        with _Step("synthesise the stacks", report) as step:
            fingerprint = self._fingerprint()
            assembly = self._home.cdk / f"assembly-{fingerprint}"
            if (assembly / "manifest.json").is_file():
                step.skip("nothing that it reads has changed")
                return fingerprint, assembly
            fresh = self._home.cdk / "assembly.new"
            shutil.rmtree(fresh, ignore_errors=True)
            self._cdk(step, "synth", "--quiet", "-c", "stage=local", "--output", str(fresh))
            if self._fingerprint() != fingerprint:
                # It is of no one version: good to deploy now, never to be taken for either.
                step.end("sources changed meanwhile; the next `up` deploys them")
                fingerprint = f"{fingerprint}-{_UNSETTLED}"
                assembly = self._home.cdk / f"assembly-{_UNSETTLED}"
                shutil.rmtree(assembly, ignore_errors=True)
            fresh.rename(assembly)
            self._drop_old_assemblies(assembly)
            return fingerprint, assembly

    def _deploy(self, fingerprint: str, assembly: Path, report: Report) -> None:
        wanted = stack_names(assembly)
        with _Step(f"deploy {len(wanted)} stacks", report) as step:
            found = self._settled()
            missing = [name for name in wanted if name not in found.stacks]
            if found.stuck:
                raise StateIsBroken(f"{', '.join(found.stuck)} failed beyond repair")
            if found.lost_functions:
                lost = ", ".join(found.lost_functions)
                raise StateIsBroken(f"stacks are there, but not their functions {lost}")
            if found.fingerprint == fingerprint and not missing:
                step.skip("the account runs this already")
                return
            # Given the assembly, neither command synthesises the app once more.
            app = ("--app", str(assembly))
            self._account.record(None)
            if not found.is_bootstrapped:
                self._account.clear_staging()
                self._cdk(step, "bootstrap", self._account.target, *app)
            self._cdk(step, "deploy", "--all", "--require-approval", "never", *app)
            self._account.adopt_orphans()
            self._account.record(fingerprint)

    def _settled(self) -> Deployed:
        """Look at the account when no deployment of a killed run is under way any more."""
        found = self._account.deployed()
        for _ in range(_SETTLE_TRIES):
            if not found.busy:
                return found
            self._sleep(_SETTLE_PAUSE_S)
            found = self._account.deployed()
        if found.busy:
            raise StateIsBroken(f"{', '.join(found.busy)} hang in the middle of a deployment")
        return found

    def _fingerprint(self) -> str:
        chosen = {name: os.environ.get(name, "") for name in _CHOSEN_AT_SYNTH}
        return synth_fingerprint(self._project, self._synth_environment() | chosen)

    def _synth_environment(self) -> dict[str, str]:
        return {
            "ALGOTRENDY_LOCAL_ENDPOINT_URL": self._urls["emulator"],
            "ALGOTRENDY_LOCAL_DATABASE_URL": self._urls["postgres"],
            "ALGOTRENDY_LOCAL_CACHE_URL": self._urls["valkey"],
            STYLES_VARIABLE: streamed_styles(),
        }

    def _cdk(self, step: _Step, *arguments: str) -> None:
        cdk = str(self._project / "node_modules" / ".bin" / "cdk")
        self._run([cdk, *arguments, "--ci", "--no-notices", "--no-color"], step)

    def _run(self, command: list[str], step: _Step) -> None:
        infra = self._project / ".venv-infra" / "bin"
        # Nothing of the user's own AWS account may leak in: no profile, no session token.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment = {
            **inherited,
            **self.platform_environment(),
            **self._synth_environment(),
            "PATH": f"{infra}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            # The CDK remembers accounts by access key; ours must not mix with the user's.
            "CDK_HOME": str(self._home.cdk),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            HOME_VARIABLE: str(self._home.root),
            MARK_VARIABLE: str(self._home.root),
            PART_VARIABLE: DEPLOY_PART,
        }
        self._commands.run(command, environment, self._project, step.detail)

    def _check_tools(self) -> None:
        needed = ("node_modules/.bin/cdk", ".venv-infra/bin/python")
        missing = [name for name in needed if not (self._project / name).exists()]
        if missing:
            reason = f"{' and '.join(missing)} missing in {self._project}; run `make setup`"
            raise Unavailable("deploy", reason)
        self._home.cdk.mkdir(parents=True, exist_ok=True)

    def _drop_old_assemblies(self, current: Path) -> None:
        others = [path for path in self._home.cdk.glob("assembly-*") if path != current]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[_KEPT_ASSEMBLIES - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def stack_names(assembly: Path) -> list[str]:
    """Read the names of the stacks in a cloud assembly.

    Raises:
        Unavailable: If the folder holds no readable assembly.
    """
    try:
        manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
        return [
            artifact.get("properties", {}).get("stackName", name)
            for name, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        ]
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable("deploy", f"{assembly} is no cloud assembly: {error}") from error


class _Step:
    """Reports one step: what it does now, how long it took, how it ended."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._start = time.monotonic()
        self._ending = (StepState.DONE, "")

    def __enter__(self) -> _Step:
        self.detail("")
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        state, text = self._ending if error is None else (StepState.FAILED, str(error))
        self._send(state, text)

    def skip(self, why: str) -> None:
        self._ending = (StepState.SKIPPED, why)

    def end(self, remark: str) -> None:
        self._ending = (StepState.DONE, remark)

    def detail(self, text: str) -> None:
        self._send(StepState.RUNNING, text)

    def _send(self, state: StepState, text: str) -> None:
        self._report(StepStatus(self._name, state, time.monotonic() - self._start, text))
