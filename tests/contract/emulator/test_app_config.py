"""Flags in AppConfig over its real protocol: read, changed at once or gradually, taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.platform.flag_store import FlagStore, Strategies
from algotrendy.platform.flags import AppConfigDocument, FlagReader, json_schema
from fakes.aws_emulator import Emulator

pytestmark = pytest.mark.platform


@dataclass
class Room:
    """An application of AppConfig as the CDK app makes it, with nothing in it but ``{}``."""

    client: Any
    data: Any
    source: str
    store: FlagStore

    def reader(self) -> AppConfigDocument:
        return AppConfigDocument(self.source, connect=lambda: self.data)

    def put(self, document: Mapping[str, object], *, at_once: bool = True) -> int:
        return self.store.deploy(document, self.store.deployed(), "test", at_once=at_once)


@pytest.fixture
def room(emulator: Emulator) -> Room:
    def strategy(minutes: int) -> dict[str, Any]:
        return {
            "Type": "AWS::AppConfig::DeploymentStrategy",
            "Properties": {
                "Name": emulator.name("strategy"),
                "DeploymentDurationInMinutes": minutes,
                "GrowthFactor": 100 if minutes == 0 else 20,
                "FinalBakeTimeInMinutes": 0,
                "ReplicateTo": "NONE",
            },
        }

    validator = {"Type": "JSON_SCHEMA", "Content": json.dumps(json_schema())}
    app, profile = {"Ref": "App"}, {"Ref": "Profile"}
    made = emulator.deploy(
        {
            "App": {
                "Type": "AWS::AppConfig::Application",
                "Properties": {"Name": emulator.name("app")},
            },
            "Stage": {
                "Type": "AWS::AppConfig::Environment",
                "Properties": {"ApplicationId": app, "Name": "local"},
            },
            "Profile": {
                "Type": "AWS::AppConfig::ConfigurationProfile",
                "Properties": {
                    "ApplicationId": app,
                    "Name": "flags",
                    "LocationUri": "hosted",
                    "Validators": [validator],
                },
            },
            "Version": {
                "Type": "AWS::AppConfig::HostedConfigurationVersion",
                "Properties": {
                    "ApplicationId": app,
                    "ConfigurationProfileId": profile,
                    "Content": "{}",
                    "ContentType": "application/json",
                },
            },
            "AtOnce": strategy(0),
            "Gradual": strategy(5),
            "First": {
                "Type": "AWS::AppConfig::Deployment",
                "Properties": {
                    "ApplicationId": app,
                    "EnvironmentId": {"Ref": "Stage"},
                    "ConfigurationProfileId": profile,
                    "ConfigurationVersion": {"Ref": "Version"},
                    "DeploymentStrategyId": {"Ref": "AtOnce"},
                },
            },
        }
    )
    source = f"{made['App']}/{made['Stage']}/{made['Profile']}"
    client = emulator.client("appconfig")
    store = FlagStore(client, source, Strategies(made["Gradual"], made["AtOnce"]))
    return Room(client, emulator.client("appconfigdata"), source, store)


def test_what_is_deployed_is_read_and_read_again(room: Room) -> None:
    read = room.reader()
    assert read() == b"{}"
    assert read() == b"{}", "AppConfig sends nothing where nothing is new"
    room.put({"live_trading": True})
    assert json.loads(read()) == {"live_trading": True}
    deployed = room.store.deployed()
    assert (deployed.document, deployed.version, deployed.number) == ({"live_trading": True}, 2, 2)
    assert deployed.under_way is None


def test_a_reader_whose_token_was_used_begins_anew(room: Room) -> None:
    read = room.reader()
    read()
    token = read._provider._next_token[room.source.split("/")[2]]
    room.data.get_latest_configuration(ConfigurationToken=token)
    flags = FlagReader(read, "prod")
    flags.current()
    with pytest.raises(Unavailable):
        flags.known()
    assert read() == b"{}"


def test_who_saw_an_older_state_changes_nothing(room: Room) -> None:
    seen = room.store.deployed()
    room.put({"live_trading": True})
    with pytest.raises(Conflict, match="somebody else"):
        room.store.deploy({}, seen, "late", at_once=True)
    assert room.store.deployed().document == {"live_trading": True}


def test_a_gradual_change_is_on_its_way_and_can_be_taken_back_by_an_urgent_one(room: Room) -> None:
    number = room.put({"rate_limits": {"read": {"burst": 7}}}, at_once=False)
    seen = room.store.deployed()
    assert seen.document == {}, "it does not hold before it has come to its end"
    assert (seen.under_way, seen.percent < 100) == (number, True)
    with pytest.raises(Conflict, match="under way"):
        room.put({"rate_limits": {"read": {"burst": 8}}}, at_once=False)
    room.put({"live_trading": False})
    ended = room.store.deployed()
    assert (ended.document, ended.under_way) == ({"live_trading": False}, None)
    assert json.loads(room.reader()()) == {"live_trading": False}


def test_the_newest_of_many_changes_is_seen(room: Room) -> None:
    for burst in range(1, 53):
        room.put({"rate_limits": {"read": {"burst": burst}}})
    found = room.store.deployed()
    assert found.number == 53
    assert found.document == {"rate_limits": {"read": {"burst": 52}}}


def test_appconfig_that_does_not_answer_is_unavailable(room: Room) -> None:
    read = AppConfigDocument("none/none/none", connect=lambda: room.data)
    with pytest.raises(Unavailable, match="AppConfig none/none/none"):
        read()
