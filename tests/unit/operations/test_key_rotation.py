"""New keys of a broker: laid in, tried, and taken only where they open the same account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest

from algotrendy.kernel.errors import AlgoTrendyError, Invalid, Rejected, Unauthenticated
from algotrendy.operations.adapters.broker_keys import AccountOfKey, VersionsInSecretsManager
from algotrendy.operations.key_rotation import KeyRotation

SECRET, OFFERED = "algotrendy/dev/broker-accounts", "algotrendy/dev/broker-accounts-next"
TOKEN = "0f8fad5b-d9cb-469f-a165-70867728950e"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
# Two keys of one account, one of another.
KEYS = {"OLD": ("s-old", "account-1"), "NEW": ("s-new", "account-1"), "STRANGE": ("s", "account-2")}
URL = "https://paper.test"


def setting(key_id: str, secret: str | None = None, **more: Any) -> str:
    connection = {
        "broker": "alpaca",
        "key_id": key_id,
        "secret": secret or KEYS[key_id][0],
        "url": URL,
    }
    return json.dumps({"main": {"tenant": "demo", "connection": connection, **more}})


def broker(request: httpx.Request) -> httpx.Response:
    assert str(request.url) == f"{URL}/v2/account"
    secret, account = KEYS.get(request.headers["APCA-API-KEY-ID"], ("", ""))
    if not secret or request.headers["APCA-API-SECRET-KEY"] != secret:
        return httpx.Response(403, json={"message": "forbidden."})
    return httpx.Response(200, json={"id": account})


class Room:
    """Secrets Manager with the old setting in it, and a broker that knows its keys."""

    def __init__(self) -> None:
        self.client = boto3.client("secretsmanager")
        self.client.create_secret(Name=SECRET, SecretString=setting("OLD"))
        self.restarts = 0
        self.rotation = KeyRotation(
            VersionsInSecretsManager(self.client),
            OFFERED,
            AccountOfKey(stage_live=False, transport=httpx.MockTransport(broker)),
            self._restart,
        )

    def _restart(self) -> None:
        self.restarts += 1

    def offer(self, text: str) -> None:
        self.client.create_secret(Name=OFFERED, SecretString=text)

    def run(self, *steps: str) -> None:
        for step in steps:
            self.rotation.run(step, SECRET, TOKEN)

    def key(self, stage: str = "AWSCURRENT") -> str:
        text = self.client.get_secret_value(SecretId=SECRET, VersionStage=stage)["SecretString"]
        found: str = json.loads(text)["main"]["connection"]["key_id"]
        return found


@pytest.fixture
def room(aws_cloud: None) -> Room:
    return Room()


def test_four_steps_put_the_new_key_in_place(room: Room) -> None:
    room.offer(setting("NEW"))
    room.run(*STEPS)
    assert (room.key(), room.key("AWSPREVIOUS"), room.restarts) == ("NEW", "OLD", 1)


def test_nothing_holds_before_the_last_step(room: Room) -> None:
    room.offer(setting("NEW"))
    room.run(*STEPS[:3])
    assert (room.key(), room.restarts) == ("OLD", 0)


def test_each_step_may_come_twice(room: Room) -> None:
    room.offer(setting("NEW"))
    for step in STEPS:
        room.run(step, step)
    assert (room.key(), room.restarts) == ("NEW", 2)


REFUSALS: dict[str, tuple[str | None, type[AlgoTrendyError], str]] = {
    "nothing was laid in": (None, Rejected, "lay the setting"),
    "the same keys": (setting("OLD"), Rejected, "already"),
    "another tenant": (setting("NEW", tenant="eve"), Rejected, "main differs in more"),
    "live by the way": (
        setting("NEW").replace('"url"', '"live": true, "url"'), Rejected, "main differs in more",
    ),
    "another address": (setting("NEW").replace("paper.test", "e.test"), Rejected, "more"),
    "another account's name": (setting("NEW").replace("main", "other"), Rejected, "not the same"),
    "no JSON": ("{", Invalid, "offered"),
    "no accounts": ('{"main": 1}', Invalid, "offered"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_rotation_changes_keys_and_nothing_else(room: Room, name: str) -> None:
    offered, kind, words = REFUSALS[name]
    if offered is not None:
        room.offer(offered)
    with pytest.raises(kind, match=words):
        room.run(*STEPS)
    assert (room.key(), room.restarts) == ("OLD", 0)


@pytest.mark.parametrize(
    ("offered", "kind"),
    [(setting("STRANGE"), Rejected), (setting("NEW", "mistyped"), Unauthenticated)],
)
@pytest.mark.parametrize("steps", [STEPS, ("createSecret", "finishSecret")])
def test_a_key_that_opens_no_account_or_another_never_holds(
    room: Room, offered: str, kind: type[AlgoTrendyError], steps: tuple[str, ...]
) -> None:
    room.offer(offered)
    with pytest.raises(kind) as refused:
        room.run(*steps)
    assert (room.key(), room.restarts) == ("OLD", 0)
    assert "mistyped" not in str(refused.value)


@pytest.mark.parametrize("step", ["", "deleteSecret"])
def test_another_step_is_refused(room: Room, step: str) -> None:
    with pytest.raises(Invalid):
        room.run(step)


def test_keys_of_brokers_that_cannot_be_asked_are_left_to_people(room: Room) -> None:
    def ccxt(key: str) -> str:
        connection = {"broker": "ccxt", "exchange": "kraken", "key": key, "secret": "s"}
        return json.dumps({"main": {"tenant": "demo", "connection": connection}})

    room.client.put_secret_value(SecretId=SECRET, SecretString=ccxt("a"))
    room.offer(ccxt("b"))
    run: Callable[[], None] = lambda: room.run(*STEPS)  # noqa: E731
    with pytest.raises(Rejected, match="by hand"):
        run()
