"""Secrets do not reach the log, however they came into a line."""

from __future__ import annotations

import json
import logging

import pytest

from algotrendy.platform import redaction
from algotrendy.platform.redaction import HIDDEN, scrub
from algotrendy.platform.telemetry import logger

SECRET = "s3cr3t-Value_0123"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl-_x"


@pytest.mark.parametrize(
    "line",
    [
        f'{{"password":"{SECRET}"}}',
        f'{{"client_secret": "{SECRET}"}}',
        f'{{"PASSWORD": "a\\"{SECRET}"}}',
        f'{{"body":"{{\\"new_password\\": \\"{SECRET}\\"}}"}}',
        f'{{"headers":{{"Authorization":"Bearer {SECRET}"}}}}',
        f'{{"token":"{SECRET}","order_id":"o"}}',
        f"{{'access_token': '{SECRET}'}}",
        f"APCA-API-SECRET-KEY: {SECRET}",
        f"authorization: Bearer {SECRET}",
        f"Basic {SECRET}",
        f"postgresql://algotrendy:{SECRET}@db.example:5432/x",
        f"redis://:{SECRET}@cache:6379",
        f"https://x.example/y?a=1&X-Amz-Signature={SECRET}&b=2",
        f"GET /callback?access_token={SECRET}&state=1",
        f"connect(password='{SECRET}')",
        f"atk_01HZX_{SECRET}",
        f'"broker_api_key": "{SECRET}"',
    ],
)
def test_a_secret_is_not_in_the_line(line: str) -> None:
    found = scrub(line)
    assert SECRET not in found
    assert HIDDEN in found


def test_a_token_is_known_by_its_looks_whole_or_cut_off() -> None:
    for text in (JWT, JWT[:40], f"said {JWT} twice {JWT}"):
        assert "eyJ" not in scrub(text)


@pytest.mark.parametrize(
    "line",
    [
        '{"message":"order placed","order_id":"0199","account":"paper","quantity":"10"}',
        "serving paper under epoch 7",
        '{"path":"/v1/orders/0199","status":202,"duration_ms":12.5}',
        "http://127.0.0.1:4566/_ministack/ready at 12:30:01 by ops@example.com",
        '{"message":"basic checks passed","keys":3,"monkey":"business"}',
        '{"dedup_key":"abc","idempotency_key":"order-1"}',
    ],
)
def test_what_is_no_secret_stays_as_it_is(line: str) -> None:
    assert scrub(line) == line


def test_json_stays_json() -> None:
    line = json.dumps({"password": f'a"{SECRET}\\', "next": {"token": SECRET, "n": 1}, "z": "end"})
    found = json.loads(scrub(line))
    assert found == {"password": HIDDEN, "next": {"token": HIDDEN, "n": 1}, "z": "end"}


def test_a_secret_that_was_opened_is_known_by_its_value() -> None:
    accounts = [{"id": "paper-account", "key": "PKTESTKEY123", "secrets": ['quo"ted-secret']}]
    redaction.remember(json.dumps({"accounts": accounts, "n": 5}))
    assert scrub("refused for PKTESTKEY123, it says") == f"refused for {HIDDEN}, it says"
    assert scrub("account paper-account") == "account paper-account"
    assert "ted-secret" not in scrub(json.dumps({"why": 'quo"ted-secret'}))


def test_a_short_value_hides_no_innocent_words() -> None:
    redaction.remember("order")
    assert scrub("order placed") == "order placed"


def test_the_text_of_an_exception_is_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(f"cannot connect to postgresql://me:{SECRET}@db/x")
    except ValueError:
        logger.exception("broken", extra={"password": SECRET, "token": JWT})
    written = capsys.readouterr().err
    assert "broken" in written
    assert SECRET not in written
    assert "eyJ" not in written
    assert json.loads(written)["level"] == logging.getLevelName(logging.ERROR)
