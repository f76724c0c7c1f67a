"""What the supervisor asks of the emulated account, on a real emulator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.local.account import EmulatedAccount
from algotrendy.local.emulator import ACCOUNT, REGION
from algotrendy.local.function_logs import FunctionLogs
from fakes.aws_emulator import ROLE, Emulator, eventually, free_port, running

pytestmark = pytest.mark.platform

STAGING = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BUCKET: dict[str, Any] = {
    "Type": "AWS::S3::Bucket",
    "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
}
FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": "def handler(event, context):\n    print('saw', event['n'])\n"},
    },
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator")) as one:
        yield one


def put(emulator: Emulator, bucket: str, key: str, text: str) -> None:
    emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())


def content(emulator: Emulator, bucket: str) -> dict[str, str]:
    s3 = emulator.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [item["Key"] for item in found]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def buckets(emulator: Emulator) -> set[str]:
    return {bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]}


def test_what_is_deployed_is_remembered_until_a_deployment_begins(emulator: Emulator) -> None:
    account = EmulatedAccount(emulator.url)
    assert account.deployed().fingerprint is None
    account.record("abc")
    assert account.deployed().fingerprint == "abc"
    account.record(None)
    account.record(None)
    assert account.deployed().fingerprint is None


def test_a_stack_is_seen_with_its_status(emulator: Emulator) -> None:
    emulator.deploy({"Data": BUCKET}, stack="seen")
    found = EmulatedAccount(emulator.url).deployed()
    assert found.stacks["seen"] == "CREATE_COMPLETE"
    assert found.busy == ()
    assert found.stuck == ()
    assert not found.is_bootstrapped


def test_a_function_that_a_stack_lost_is_named(emulator: Emulator) -> None:
    name = emulator.deploy({"Shard": FUNCTION})["Shard"]
    account = EmulatedAccount(emulator.url)
    assert account.deployed().lost_functions == ()
    emulator.client("lambda").delete_function(FunctionName=name)
    assert account.deployed().lost_functions == (name,)


def test_the_address_of_the_api_comes_from_the_account(emulator: Emulator) -> None:
    account = EmulatedAccount(emulator.url)
    assert account.urls() == {}
    emulator.client("ssm").put_parameter(
        Name="/algotrendy/local/api_url", Value="http://x/api/", Type="String"
    )
    assert account.urls() == {"api": "http://x/api/", "docs": "http://x/api/docs"}


def test_the_cdks_own_bucket_is_removed_with_all_versions_and_no_other_is(
    emulator: Emulator,
) -> None:
    s3 = emulator.client("s3")
    for name in (STAGING, "cdk-of-somebody-else"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        put(emulator, name, "asset", "one")
        put(emulator, name, "asset", "two")
        s3.delete_object(Bucket=name, Key="asset")
    EmulatedAccount(emulator.url).clear_staging()
    assert STAGING not in buckets(emulator)
    assert "cdk-of-somebody-else" in buckets(emulator)


def test_objects_follow_their_stack_when_the_emulator_starts_over(tmp_path: Path) -> None:
    with running(tmp_path) as emulator:
        old = emulator.deploy({"Lake": BUCKET, "Results": BUCKET}, stack="data")
        put(emulator, old["Lake"], "lake/bars/_delta_log/0.json", "{}")
        put(emulator, old["Results"], "sweeps/1/results.csv", "run,return\n")
        emulator.stop()
        shutil.rmtree(tmp_path / "services")
        emulator.start()

        new = emulator.deploy({"Lake": BUCKET, "Results": BUCKET}, stack="data")
        assert content(emulator, new["Lake"]) == {}, "else there is nothing to adopt"
        account = EmulatedAccount(emulator.url)
        account.adopt_orphans()
        assert content(emulator, new["Lake"]) == {"lake/bars/_delta_log/0.json": "{}"}
        assert content(emulator, new["Results"]) == {"sweeps/1/results.csv": "run,return\n"}
        assert buckets(emulator) == set(new.values())
        account.adopt_orphans()
        assert content(emulator, new["Results"]) == {"sweeps/1/results.csv": "run,return\n"}


def test_a_bucket_that_belongs_to_no_stack_stays(emulator: Emulator) -> None:
    emulator.deploy({"Data": BUCKET}, stack="neighbour")
    emulator.client("s3").create_bucket(Bucket="a-bucket-of-the-users-own")
    EmulatedAccount(emulator.url).adopt_orphans()
    assert "a-bucket-of-the-users-own" in buckets(emulator)


def test_an_emulator_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        EmulatedAccount(f"http://127.0.0.1:{free_port()}").deployed()


def test_the_log_of_a_function_is_found_by_a_part_of_its_name(emulator: Emulator) -> None:
    name = emulator.deploy({"RunShard": FUNCTION}, stack="algotrendy-local-logs")["RunShard"]
    for number in range(3):
        emulator.invoke(name, {"n": number})
    logs = FunctionLogs(emulator.url, "logs-RunShard")

    def said(lines: list[str]) -> list[str]:
        return [line.split("  ")[1] for line in lines if "saw" in line]

    assert said(list(logs.last(1000))) == ["saw 0", "saw 1", "saw 2"]
    assert list(logs.new()) == []
    emulator.invoke(name, {"n": 3})
    fresh = eventually(lambda: said(list(logs.new())))
    assert fresh == ["saw 3"], "lines that were shown are not shown again"


def test_only_the_last_lines_are_shown(emulator: Emulator) -> None:
    name = emulator.deploy({"Chatty": FUNCTION}, stack="algotrendy-local-chat")["Chatty"]
    emulator.invoke(name, {"n": 1})
    logs = FunctionLogs(emulator.url, name)
    assert len(list(logs.last(2))) == 2
    assert list(logs.last(0)) == []


def test_a_name_that_fits_several_functions_or_none_is_told_which_there_are(
    emulator: Emulator,
) -> None:
    for stack in ("algotrendy-local-twin-a", "algotrendy-local-twin-b"):
        emulator.invoke(emulator.deploy({"Twin": FUNCTION}, stack=stack)["Twin"], {"n": 1})
    with pytest.raises(NotFound, match=r"several match, name one of .*twin-a.*twin-b"):
        FunctionLogs(emulator.url, "Twin")
    with pytest.raises(NotFound, match=r"there are .*twin-a"):
        FunctionLogs(emulator.url, "no-such-function")
