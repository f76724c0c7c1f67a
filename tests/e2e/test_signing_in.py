"""Who gets past the deployed gateway, and who does not: people, machines, keys, forgers."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import subprocess
import time
from base64 import b32decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from algotrendy.identity.api_keys import MARK
from fakes.identity import assembled, signed
from fixtures.commands import ALGOTRENDY
from fixtures.platform import PASSWORD, Platform

pytestmark = pytest.mark.platform

FORBIDDEN = (403, {"message": "Forbidden"})


class Door:
    """The deployed API, and what a forger needs who has even the pool's own private key."""

    def __init__(self, platform: Platform, http: httpx.Client) -> None:
        self.platform, self._http = platform, http
        self.token = platform.token("ada")
        self.header = jwt.get_unverified_header(self.token)
        self.claims: dict[str, Any] = jwt.decode(self.token, options={"verify_signature": False})

    def knock(self, credential: str | None, path: str = "/v1/me") -> httpx.Response:
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        return self._http.get(path, headers=headers)

    def answer(self, credential: str | None) -> tuple[int, Any]:
        answer = self.knock(credential)
        return answer.status_code, answer.json()

    @property
    def key(self) -> RSAPrivateKey:
        """The key with which the pool signs access tokens."""
        pool = self.claims["iss"].rpartition("/")[2]
        [file] = (self.platform.home / "data" / "emulator").rglob(f"{pool}-access.pem")
        found = load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(found, RSAPrivateKey)
        return found

    def genuine(self, **changes: Any) -> str:
        """Sign claims as the pool does."""
        whole = {name: v for name, v in {**self.claims, **changes}.items() if v is not None}
        return jwt.PyJWS().encode(json.dumps(whole).encode(), self.key, "RS256", self.header)

    def as_hmac_secret(self) -> str:
        """Sign with HS256, the public key for a secret."""
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        head = {"alg": "HS256", "typ": "JWT", "kid": self.header["kid"]}
        unsigned = assembled(head, self.claims).rpartition(".")[0]
        made = hmac.new(public, unsigned.encode(), hashlib.sha256).digest()
        return f"{unsigned}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


@pytest.fixture(scope="module")
def door(platform: Platform) -> Iterator[Door]:
    with httpx.Client(base_url=platform.api_url, timeout=40) as http:
        yield Door(platform, http)


def test_what_proves_nothing_is_turned_away_by_the_gateway(door: Door) -> None:
    head, body, signature = door.token.split(".")
    kid, now = door.header["kid"], int(time.time())
    rival = {**door.claims, "cognito:groups": ["tenant:rival", "role:admin"]}
    attacks = {
        "garbage": "garbage",
        "no algorithm": assembled({"alg": "none", "kid": kid}, door.claims),
        "no algorithm, in capitals": assembled({"alg": "NONE", "kid": kid}, door.claims),
        "the public key as a secret": door.as_hmac_secret(),
        "a key of one's own": signed(door.claims, key_id=kid, number=9),
        "an unknown key": signed(door.claims, key_id="another", number=9),
        "no key named": signed(door.claims, key_id=None, number=9),
        "tampered: a rival's admin": f"{head}.{assembled({}, rival).split('.')[1]}.{signature}",
        "tampered: the signature": f"{head}.{body}.{signature[:-6]}AAAAAA",
        "expired, and forged": signed({**door.claims, "exp": 1}, key_id=kid, number=9),
        "not valid yet": door.genuine(nbf=now + 600),
        "made in the future": door.genuine(iat=now + 600),
        "another issuer": door.genuine(iss=door.claims["iss"] + "x"),
        "another client": door.genuine(client_id="another"),
        "another use": door.genuine(token_use="id"),
        "two tenants": door.genuine(**{"cognito:groups": ["tenant:acme", "tenant:rival"]}),
        "no tenant": door.genuine(**{"cognito:groups": ["role:admin"]}),
        "an unknown API key": "atk_" + "0" * 32 + "_" + "A" * 43,
        "no API key at all": "atk_1_2",
    }
    assert {name: door.answer(one) for name, one in attacks.items()} == dict.fromkeys(
        attacks, FORBIDDEN
    )
    assert door.answer(None)[0] == 401
    assert door.knock(door.token).status_code == 200


def test_what_was_genuine_and_has_ended_is_told_so_by_the_app(door: Door) -> None:
    ended = door.knock(door.genuine(exp=int(time.time()) - 60))
    assert ended.status_code == 401
    assert ended.json()["detail"] == "not signed in: the token has expired"
    assert 'error="invalid_token"' in ended.headers["www-authenticate"]


def test_an_api_key_opens_what_it_names_until_it_is_revoked(door: Door) -> None:
    platform = door.platform
    platform.token("ada")
    asked = ("keys", "create", "e2e", "-p", "bars:read", "--days", "1", "--json")
    key = json.loads(platform.succeed(*asked))
    assert door.knock(key["key"], "/v1/symbols").status_code == 200
    assert door.knock(key["key"], "/v1/orders?account=paper").status_code == 403
    assert door.knock(key["key"]).json()["permissions"] == ["bars:read"]
    assert key["id"] in platform.succeed("keys", "list", "--json")
    platform.succeed("keys", "revoke", key["id"])
    # The gateway's verdict is a minute old at most, and this is sooner: the app looks anew.
    refused = door.knock(key["key"], "/v1/symbols")
    assert (refused.status_code, "was revoked" in refused.text) == (401, True)
    kept = json.dumps(platform.status()) + platform.run("logs").stdout
    assert key["key"].removeprefix(MARK).partition("_")[2] not in kept


def test_a_machine_signs_in_by_itself_until_it_is_removed(door: Door) -> None:
    platform = door.platform
    bot = ("night-bot", "--tenant", "acme")
    said = platform.succeed("machines", "add", *bot, "--role", "researcher").split()
    client_id, secret = said[said.index("id") + 1], said[said.index("secret") + 1]
    tokens = urlsplit(platform.api_url)
    with httpx.Client(base_url=f"{tokens.scheme}://{tokens.netloc}", timeout=20) as pool:
        grant = {"grant_type": "client_credentials", "scope": "algotrendy/act"}
        wrong = pool.post("/oauth2/token", data=grant, auth=(client_id, secret + "x"))
        token = pool.post("/oauth2/token", data=grant, auth=(client_id, secret)).json()
    assert wrong.status_code == 400
    me = door.knock(token["access_token"]).json()
    assert (me["kind"], me["tenant"], me["roles"]) == ("machine", "acme", ["researcher"])
    assert "night-bot" in platform.succeed("machines", "list")
    platform.succeed("machines", "remove", *bot)
    assert door.knock(token["access_token"]).status_code == 401, "at once"


def test_a_person_signs_in_with_a_browser(door: Door) -> None:
    platform = door.platform
    command = subprocess.Popen(
        [str(ALGOTRENDY), "login", "--browser", "--no-open"],
        cwd=platform.home,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert command.stdout is not None
        assert command.stdout.readline() == "sign in at\n"
        address = urlsplit(command.stdout.readline().strip())
        form = {**dict(parse_qsl(address.query)), "username": "vic", "password": PASSWORD}
        with httpx.Client(base_url=f"{address.scheme}://{address.netloc}", timeout=20) as web:
            assert web.get(f"{address.path}?{address.query}").status_code == 200
            back = web.post("/login", data=form).headers["location"]
        stranger = httpx.get(back.replace("state=", "state=x"))
        page = httpx.get(back)
        rest, complaint = command.communicate(timeout=60)
    finally:
        command.kill()
    assert (stranger.status_code, page.status_code, command.returncode) == (400, 200, 0), complaint
    assert "signed in as vic" in rest
    me = door.knock(platform.succeed("token").strip()).json()
    assert (me["username"], me["kind"]) == ("vic", "user")
    assert me["signed_in_at"] is not None


def digits(secret: str) -> str:
    """Show what an authenticator shows: RFC 6238."""
    counter = struct.pack(">Q", int(time.time() // 30))
    made = hmac.new(b32decode(secret), counter, hashlib.sha1).digest()
    at = made[-1] & 15
    return f"{(struct.unpack('>I', made[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_a_second_factor_is_asked_for_once_it_is_wanted(platform: Platform) -> None:
    platform.add_user("mia", "acme", "viewer")
    platform.token("mia")
    # The secret is told before the digits are asked for: the first run is for the secret.
    told = platform.run("mfa", "enable", ALGOTRENDY_MFA_CODE="000000")
    secret = told.stdout.split("secret=")[1].split("&")[0]
    assert (told.returncode, "code must be the six digits" in told.stderr) == (2, True)
    typed = subprocess.Popen(
        [str(ALGOTRENDY), "mfa", "enable"],
        cwd=platform.home,
        env=platform.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert typed.stdout is not None
    secret = [typed.stdout.readline().strip() for _ in range(3)][2].split("secret=")[1]
    secret = secret.split("&")[0]
    said, _ = typed.communicate(digits(secret) + "\n", timeout=60)
    assert "from now on you are asked for its digits" in said

    password = PASSWORD
    said = platform.run(
        "login", "mia", ALGOTRENDY_PASSWORD=password, ALGOTRENDY_MFA_CODE="000000"
    ).stderr
    assert "digits are wrong" in said
    right = digits(secret)
    platform.succeed("login", "mia", ALGOTRENDY_PASSWORD=password, ALGOTRENDY_MFA_CODE=right)
    platform.succeed("mfa", "disable")
    platform.succeed("login", "mia", ALGOTRENDY_PASSWORD=password)
