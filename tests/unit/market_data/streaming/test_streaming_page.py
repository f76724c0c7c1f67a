"""The page of the protocol says what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts import styles
from algotrendy.market_data.streaming import protocol
from algotrendy.market_data.streaming.protocol import (
    ClientMessage,
    Code,
    Reason,
    ServerMessage,
    parse_client,
    parse_server,
)
from algotrendy.market_data.streaming.session import Limits
from algotrendy.market_data.streaming.topics import Channel, parse_channel

PAGE = (Path(__file__).parents[4] / "docs" / "streaming.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json( client)?\n(.*?)```", PAGE, flags=re.DOTALL)


def types(union: Any) -> set[str]:
    return {kind.model_fields["type"].default for kind in get_args(union)}


@pytest.mark.parametrize(("side", "text"), EXAMPLES)
def test_every_example_is_a_message_of_the_protocol(side: str, text: str) -> None:
    parsed = parse_client(text) if side else parse_server(text)
    said = json.loads(text)
    assert parsed.model_dump(mode="json", include=set(said)) == said
    for channel in said.get("channels", [said.get("channel", "trades")]):
        kind, style = parse_channel(channel)
        assert kind in Channel
        assert not style or style == str(styles.parse(style))


def test_there_is_an_example_of_every_message() -> None:
    shown: dict[str, set[str]] = {"": set(), " client": set()}
    for side, text in EXAMPLES:
        shown[side].add(json.loads(text)["type"])
    assert shown == {"": types(ServerMessage), " client": types(ClientMessage)}


def test_the_table_has_every_code_with_its_close_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+|-) \|", PAGE, flags=re.MULTILINE)
    expected = [(code.value, "-" if code.close is None else str(code.close)) for code in Code]
    assert rows == expected


def test_every_reason_and_channel_is_explained() -> None:
    for reason in Reason:
        assert f"| `{reason.value}` |" in PAGE
    for channel in Channel:
        name = f"{channel.value}:STYLE" if channel.has_style else channel.value
        assert f"| `{name}` |" in PAGE


def test_the_limits_told_are_those_of_the_service() -> None:
    limits = Limits()
    welcome = next(json.loads(text) for _, text in EXAMPLES if '"welcome"' in text)
    assert welcome["version"] == protocol.VERSION
    assert welcome["limits"] == {name: getattr(limits, name) for name in welcome["limits"]}
    assert welcome["heartbeat_s"] == limits.heartbeat_s
    assert welcome["authenticate_within_s"] == limits.authenticate_within_s
    assert f"{limits.waiting_messages:,} messages or" in PAGE
    assert f"takes nothing for {limits.stalled_s:g} s" in PAGE
    assert f"within {limits.messages_within_s:g} s" in PAGE
    assert f"more than {limits.errors} messages" in PAGE


def test_every_server_message_has_a_schema() -> None:
    for kind in (*get_args(ServerMessage), *get_args(ClientMessage)):
        schema = kind.model_json_schema()
        assert schema["additionalProperties"] is False
        assert schema["description"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("null", "message must be an object, was 'null'"),
        ("[]", "message must be an object, was "),
        ('{"type":"unsubscribe","symbols":[],"channels":["a"]}', "symbols must be at least 1 item"),
        ('{"type":"unsubscribe","symbols":"A","channels":["a"]}', "symbols must be a valid array"),
        ('{"type":"ping","id":5}', "id must be a valid string, was 5"),
    ],
)
def test_what_is_no_message_is_told_in_plain_words(text: str, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_client(text)
    assert told in str(caught.value)
    assert "validation" not in str(caught.value)
