"""Sessions of Cognito: what a refreshed token says of the sign-in, and of its user."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from fakes.aws_emulator import Emulator

pytestmark = pytest.mark.platform

PASSWORD = "Correct-horse-7"
CALLBACK = "http://localhost:8765/callback"
GROUPS = {"role:trader", "tenant:demo"}


@dataclass(frozen=True)
class People:
    """A pool with one user of two groups, and a client of managed login."""

    url: str
    cognito: Any
    client_id: str


@pytest.fixture(scope="module")
def people(emulator: Emulator) -> People:
    cognito = emulator.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="sessions")["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="console",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid"],
        CallbackURLs=[CALLBACK],
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True
    )
    for group in GROUPS:
        cognito.create_group(UserPoolId=pool, GroupName=group)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username="ada", GroupName=group)
    return People(emulator.url, cognito, client_id)


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def a_second_later(since: dict[str, Any]) -> None:
    while time.time() < since["iat"] + 1:
        time.sleep(0.05)


def test_a_refreshed_token_tells_when_the_user_signed_in(people: People) -> None:
    first = people.cognito.initiate_auth(
        ClientId=people.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    signed_in = claims(first["AccessToken"])
    a_second_later(signed_in)

    again = people.cognito.initiate_auth(
        ClientId=people.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
    )["AuthenticationResult"]

    refreshed = claims(again["AccessToken"])
    assert refreshed["iat"] > signed_in["iat"]
    assert refreshed["auth_time"] == signed_in["auth_time"]
    assert claims(again["IdToken"])["auth_time"] == signed_in["auth_time"]


def test_a_session_of_managed_login_keeps_its_groups_when_refreshed(people: People) -> None:
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    asked = {
        "client_id": people.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with httpx.Client(base_url=people.url) as web:
        sent = web.post("/login", data={**asked, "username": "ada", "password": PASSWORD})
        answer = parse_qs(urlsplit(sent.headers["location"]).query)
        grant = {"client_id": people.client_id, "redirect_uri": CALLBACK}
        code = {"grant_type": "authorization_code", "code": answer["code"][0]}
        wrong = web.post("/oauth2/token", data={**grant, **code, "code_verifier": "w" * 64})
        first = web.post("/oauth2/token", data={**grant, **code, "code_verifier": verifier}).json()
        signed_in = claims(first["access_token"])
        a_second_later(signed_in)
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        again = web.post("/oauth2/token", data={**grant, **refresh}).json()

    refreshed = claims(again["access_token"])
    assert (sent.status_code, answer["state"], wrong.status_code) == (302, ["s-1"], 400)
    assert claims(first["id_token"])["nonce"] == "n-1"
    assert set(signed_in["cognito:groups"]) == set(refreshed["cognito:groups"]) == GROUPS
    assert refreshed["iat"] > signed_in["iat"]
    assert refreshed["auth_time"] == signed_in["auth_time"]
