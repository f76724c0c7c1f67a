import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.local.account import Deployed
from algotrendy.local.commands import CommandFailed
from algotrendy.local.deploy import CdkDeployer, StateIsBroken, stack_names
from algotrendy.local.home import Home, Ports, read_environment_file
from algotrendy.local.status import StepState, StepStatus

STACKS = ("algotrendy-local-data", "algotrendy-local-app")
URLS = {
    "exchange": "http://127.0.0.1:4580",
    "emulator": "http://127.0.0.1:4566",
    "postgres": "postgresql://postgres@/algotrendy?host=%2Frun%2Fpg",
    "valkey": "redis://127.0.0.1:6380/0",
}


@dataclass
class FakeAccount:
    """An account in memory."""

    stacks: dict[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    lost_functions: tuple[str, ...] = ()
    has_old_staging: bool = False
    has_orphans: bool = False
    environment: dict[str, str] = field(default_factory=lambda: {"AWS_ENDPOINT_URL": "http://x"})
    target: str = "aws://000000000000/us-east-1"

    def deployed(self) -> Deployed:
        return Deployed(self.fingerprint, dict(self.stacks), self.lost_functions)

    def record(self, fingerprint: str | None) -> None:
        self.fingerprint = fingerprint

    def clear_staging(self) -> None:
        self.has_old_staging = False

    def adopt_orphans(self) -> None:
        self.has_orphans = False

    def urls(self) -> dict[str, str]:
        return {"api": "http://x/api"}


class FakeCommands:
    """Does what the CDK would: a synth leaves an assembly, a deployment leaves stacks."""

    def __init__(self, account: FakeAccount) -> None:
        self.account = account
        self.ran: list[str] = []
        self.environments: list[Mapping[str, str]] = []
        self.fails: str | None = None
        self.during: dict[str, Callable[[], object]] = {}

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> None:
        name = "migrate" if "tables" in command else command[1]
        self.ran.append(name)
        self.environments.append(environment)
        on_line(f"{name} goes on")
        if name in self.during:
            self.during[name]()
        if name == self.fails:
            raise CommandFailed(f"cdk {name}", 1, ["it went wrong"], Path("deploy.log"))
        if name == "synth":
            write_assembly(Path(command[command.index("--output") + 1]))
        elif name == "bootstrap":
            if self.account.has_old_staging:
                raise CommandFailed("cdk bootstrap", 1, ["bucket exists"], Path("deploy.log"))
            self.account.stacks["CDKToolkit"] = "CREATE_COMPLETE"
        elif name == "deploy":
            self.account.stacks.update(dict.fromkeys(STACKS, "CREATE_COMPLETE"))

    def cancel(self) -> None:
        self.ran.append("cancel")


def write_assembly(folder: Path) -> None:
    folder.mkdir(parents=True)
    kind = "aws:cloudformation:stack"
    artifacts: dict[str, object] = {
        "Tree": {"type": "cdk:tree"},
        "data": {"type": kind, "properties": {"stackName": STACKS[0]}},
        STACKS[1]: {"type": kind, "properties": {}},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))


class Bench:
    """A deployer over a small checkout and an account in memory."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        for name in ("cdk.json", "infra_cdk/app.py", "node_modules/.bin/cdk"):
            self.write(name, "first")
        self.write(".venv-infra/bin/python", "")
        self.home = Home(root / "home")
        self.home.create()
        self.account = FakeAccount()
        self.commands = FakeCommands(self.account)
        self.steps: dict[str, StepStatus] = {}
        self.slept = 0.0
        self.deployer = self.new_deployer()

    def new_deployer(self) -> CdkDeployer:
        return CdkDeployer(
            self.home,
            self.project,
            Ports(),
            URLS,
            self.commands,
            self.account,
            sleep=self.sleep,
        )

    def write(self, name: str, text: str) -> None:
        file = self.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def ensure(self, *, from_tree: bool = True) -> list[str]:
        """Deploy, and tell which commands ran for it."""
        self.commands.ran.clear()
        self.deployer.ensure(
            lambda step: self.steps.__setitem__(step.name, step), from_tree=from_tree
        )
        return list(self.commands.ran)

    @property
    def states(self) -> list[StepState]:
        return [step.state for step in self.steps.values()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_first_time_does_everything_in_order(bench: Bench) -> None:
    assert bench.ensure() == ["migrate", "synth", "bootstrap", "deploy"]
    assert bench.states == [StepState.DONE] * 3


def test_the_second_time_runs_no_command(bench: Bench) -> None:
    bench.ensure()
    assert bench.ensure() == []
    assert bench.steps["synthesise the stacks"].state is StepState.SKIPPED
    assert bench.steps["deploy 2 stacks"].state is StepState.SKIPPED


def test_a_new_supervisor_migrates_but_neither_synthesises_nor_deploys(bench: Bench) -> None:
    bench.ensure()
    bench.deployer = bench.new_deployer()
    assert bench.ensure() == ["migrate"]


def test_a_changed_source_is_synthesised_and_deployed_without_another_bootstrap(
    bench: Bench,
) -> None:
    bench.ensure()
    bench.write("infra_cdk/app.py", "second")
    assert bench.ensure() == ["migrate", "synth", "deploy"]


def test_going_back_to_the_last_version_needs_no_synth(bench: Bench) -> None:
    bench.ensure()
    bench.write("infra_cdk/app.py", "second")
    bench.ensure()
    bench.write("infra_cdk/app.py", "first")
    assert bench.ensure() == ["migrate", "deploy"]


def test_an_emulator_that_lost_everything_is_bootstrapped_and_deployed_again(bench: Bench) -> None:
    bench.ensure()
    bench.account.stacks.clear()
    bench.account.fingerprint = None
    bench.account.has_old_staging = True
    bench.account.has_orphans = True
    assert bench.ensure() == ["bootstrap", "deploy"]
    assert not bench.account.has_orphans


def test_a_stack_that_is_gone_is_deployed_again_whatever_the_fingerprint_says(bench: Bench) -> None:
    bench.ensure()
    del bench.account.stacks[STACKS[0]]
    assert bench.ensure() == ["deploy"]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"])
def test_a_bootstrap_that_did_not_end_well_is_done_again(bench: Bench, status: str) -> None:
    bench.account.stacks["CDKToolkit"] = status
    assert bench.ensure() == ["migrate", "synth", "bootstrap", "deploy"]


def test_a_failed_deployment_of_another_version_is_not_forgotten(bench: Bench) -> None:
    bench.ensure()
    bench.write("infra_cdk/app.py", "second")
    bench.commands.fails = "deploy"
    with pytest.raises(CommandFailed):
        bench.ensure()
    bench.commands.fails = None
    bench.write("infra_cdk/app.py", "first")
    assert bench.ensure() == ["migrate", "deploy"], "some stacks may be of the second version"


def test_a_stack_that_failed_beyond_repair_is_a_broken_state(bench: Bench) -> None:
    bench.ensure()
    bench.account.stacks[STACKS[0]] = "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(StateIsBroken, match="algotrendy-local-data"):
        bench.ensure()


def test_stacks_without_their_functions_are_a_broken_state(bench: Bench) -> None:
    bench.ensure()
    bench.account.lost_functions = ("algotrendy-local-run-shard",)
    with pytest.raises(StateIsBroken, match="algotrendy-local-run-shard"):
        bench.ensure()


def test_a_stack_that_hangs_half_deployed_is_a_broken_state(bench: Bench) -> None:
    bench.account.stacks[STACKS[1]] = "UPDATE_IN_PROGRESS"
    with pytest.raises(StateIsBroken, match="algotrendy-local-app"):
        bench.ensure()
    assert bench.slept >= 5


def test_a_deployment_of_a_killed_run_is_waited_for(bench: Bench) -> None:
    bench.ensure()
    bench.account.stacks[STACKS[1]] = "UPDATE_IN_PROGRESS"

    def settle(seconds: float) -> None:
        bench.account.stacks[STACKS[1]] = "UPDATE_COMPLETE"

    bench.sleep = settle  # type: ignore[method-assign]
    bench.deployer = bench.new_deployer()
    assert bench.ensure() == ["migrate"]


def test_a_failed_deployment_is_not_recorded_and_tried_again(bench: Bench) -> None:
    bench.commands.fails = "deploy"
    with pytest.raises(CommandFailed, match="it went wrong"):
        bench.ensure()
    assert bench.steps["deploy 2 stacks"].state is StepState.FAILED
    assert bench.account.fingerprint is None
    bench.commands.fails = None
    assert bench.ensure() == ["deploy"]


def test_a_failed_synth_leaves_no_assembly_behind(bench: Bench) -> None:
    bench.commands.fails = "synth"
    bench.commands.during["synth"] = lambda: write_assembly(bench.home.cdk / "assembly.new")
    with pytest.raises(CommandFailed):
        bench.ensure()
    bench.commands.fails = None
    bench.commands.during.clear()
    assert bench.ensure() == ["synth", "bootstrap", "deploy"]


def test_a_tree_that_changes_during_the_synth_is_deployed_and_not_taken_for_either_version(
    bench: Bench,
) -> None:
    bench.commands.during["synth"] = lambda: bench.write("infra_cdk/app.py", "second")
    assert bench.ensure() == ["migrate", "synth", "bootstrap", "deploy"]
    assert "changed meanwhile" in bench.steps["synthesise the stacks"].detail
    bench.commands.during.clear()
    assert bench.ensure() == ["migrate", "synth", "deploy"]
    bench.write("infra_cdk/app.py", "first")
    assert bench.ensure() == ["migrate", "synth", "deploy"]


def test_a_lost_deployment_is_restored_as_it_was_whatever_the_tree_says_now(bench: Bench) -> None:
    bench.ensure()
    before = bench.account.fingerprint
    bench.account.stacks.clear()
    bench.account.fingerprint = None
    bench.write("infra_cdk/app.py", "half an edit")
    assert bench.ensure(from_tree=False) == ["bootstrap", "deploy"]
    assert bench.account.fingerprint == before


def test_only_the_last_two_assemblies_are_kept(bench: Bench) -> None:
    for text in ("second", "third", "fourth"):
        bench.write("infra_cdk/app.py", text)
        bench.ensure()
    assert len(list(bench.home.cdk.glob("assembly-*"))) == 2


def test_missing_tools_are_named_with_the_way_to_get_them(bench: Bench) -> None:
    (bench.project / "node_modules/.bin/cdk").unlink()
    with pytest.raises(Unavailable, match=r"node_modules/.bin/cdk missing .* run `make setup`"):
        bench.ensure()


def test_nothing_of_the_users_aws_account_reaches_the_cdk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    bench.ensure()
    for environment in bench.commands.environments:
        assert "AWS_PROFILE" not in environment
        assert "AWS_SESSION_TOKEN" not in environment
        assert environment["AWS_ENDPOINT_URL"] == "http://x"
        assert environment["ALGOTRENDY_STAGE"] == "local"
        assert environment["ALGOTRENDY_LOCAL_CACHE_URL"] == URLS["valkey"]


def test_the_command_line_finds_the_platform_even_when_the_deployment_fails(bench: Bench) -> None:
    bench.commands.fails = "migrate"
    with pytest.raises(AlgoTrendyError):
        bench.ensure()
    values = read_environment_file(bench.home.environment_file)
    assert values["ALGOTRENDY_DATABASE_URL"] == URLS["postgres"]
    assert values["ALGOTRENDY_EMULATOR_PORT"] == "4566"


def test_a_folder_that_is_no_assembly_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="is no cloud assembly"):
        stack_names(tmp_path)
