"""Attack with tokens that prove nothing: each must be turned away, by gateway or app."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from fixtures.platform import PASSWORD, Platform
from security.findings import Report
from security.people import Person

_ROUTE = "/v1/accounts"


def attack_tokens(report: Report, http: httpx.Client, platform: Platform, person: Person) -> None:
    """Try each forged token on a route that the true one opens."""
    true = http.get(_ROUTE, headers=person.headers)
    report.check(true.status_code == 200, f"the true token: {true.status_code} {true.text[:200]}")
    for name, token in _forged(platform, person):
        answer = http.get(_ROUTE, headers={"authorization": f"Bearer {token}"})
        report.check(
            answer.status_code in (401, 403, 431) and "accounts" not in answer.text,
            f"token attack, {name}: {answer.status_code} {answer.text[:200]}",
        )
    for name, headers in _misplaced(person.token):
        answer = http.get(_ROUTE, headers=headers, params=_in_query(name, person.token))
        report.check(
            answer.status_code in (400, 401, 403), f"token attack, {name}: {answer.status_code}"
        )


def _forged(platform: Platform, person: Person) -> Iterator[tuple[str, str]]:
    head = jwt.get_unverified_header(person.token)
    claims: dict[str, Any] = jwt.decode(person.token, options={"verify_signature": False})
    parts = person.token.split(".")
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shown = json.loads(RSAAlgorithm.to_jwk(own.public_key()))
    more = {**claims, "cognito:groups": ["tenant:rivals", "role:admin"]}
    public = _public_key(platform, head["kid"])
    for spelling in ("none", "None", "NONE", "nOnE"):
        yield f"alg={spelling}", f"{_text({**head, 'alg': spelling})}.{parts[1]}."
    yield "HS256 with the public key as its secret", _hmac({**head, "alg": "HS256"}, claims, public)
    yield "no signature", f"{parts[0]}.{parts[1]}."
    yield "another's signature", f"{parts[0]}.{parts[1]}.{_text({'a': 1})}"
    yield "another tenant and role in the claims", f"{parts[0]}.{_text(more)}.{parts[2]}"
    yield (
        "a later expiry in the claims",
        f"{parts[0]}.{_text({**claims, 'exp': 9_999_999_999})}.{parts[2]}",
    )
    yield "a key of one's own under the pool's kid", jwt.encode(claims, own, "RS256", head)
    yield "an unknown kid", jwt.encode(claims, own, "RS256", {"kid": "another"})
    yield "no kid", jwt.encode(claims, own, "RS256")
    yield "a kid that is a path", jwt.encode(claims, own, "RS256", {"kid": "../../dev/null"})
    yield "a key in the head", jwt.encode(claims, own, "RS256", {**head, "jwk": shown})
    yield (
        "a key's address in the head",
        jwt.encode(claims, own, "RS256", {**head, "jku": "http://127.0.0.1:1/jwks.json"}),
    )
    yield "a token of the kind id", _sign_in(platform, person, _client_id(platform))["IdToken"]
    yield (
        "a token made for another client",
        _sign_in(platform, person, _another_client(platform))["AccessToken"],
    )
    yield "a refresh token", _sign_in(platform, person, _client_id(platform))["RefreshToken"]
    yield "a token of 100,000 characters", "a" * 100_000
    yield "an unknown API key", "atk_0198c0de00007000800000000000_" + "A" * 43
    yield "nothing that is a token", "../../etc/passwd"


def _misplaced(token: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield "in the query", []
    yield "in a cookie", [("cookie", f"authorization=Bearer {token}")]
    yield "as Basic", [("authorization", f"Basic {token}")]
    yield "without a scheme", [("authorization", token)]
    yield "two at once", [("authorization", f"Bearer {token}, Bearer {token}")]


def _in_query(name: str, token: str) -> dict[str, str]:
    return {"access_token": token} if name == "in the query" else {}


def _text(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _hmac(head: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = f"{_text(head)}.{_text(claims)}"
    key = jwt.get_algorithm_by_name("HS256")
    signature = key.sign(signed.encode(), secret)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _public_key(platform: Platform, key_id: str) -> bytes:
    found = platform.aws("ssm").get_parameter(Name="/algotrendy/local/token_jwks_url")
    keys = httpx.get(found["Parameter"]["Value"]).raise_for_status().json()["keys"]
    key = next(each for each in keys if each["kid"] == key_id)
    public = jwt.PyJWK(key).key
    pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _parameter(platform: Platform, name: str) -> str:
    found = platform.aws("ssm").get_parameter(Name=f"/algotrendy/local/{name}")
    value: str = found["Parameter"]["Value"]
    return value


def _client_id(platform: Platform) -> str:
    return _parameter(platform, "user_pool_client_id")


def _another_client(platform: Platform) -> str:
    made = platform.aws("cognito-idp").create_user_pool_client(
        UserPoolId=_parameter(platform, "user_pool_id"),
        ClientName="of-somebody-else",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    client: str = made["UserPoolClient"]["ClientId"]
    return client


def _sign_in(platform: Platform, person: Person, client: str) -> dict[str, str]:
    answer = platform.aws("cognito-idp").initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person.name, "PASSWORD": PASSWORD},
    )
    result: dict[str, str] = answer["AuthenticationResult"]
    return result
