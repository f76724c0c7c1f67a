"""The user pool adapter, against moto's Cognito in process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse

from algotrendy.identity.adapters.cognito import CognitoUsers
from algotrendy.identity.principal import Role
from algotrendy.identity.session import Tokens, UserChange
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock, SystemClock
from algotrendy.kernel.errors import Conflict, Invalid, Unauthenticated, Unavailable
from algotrendy.kernel.ids import TenantId
from fakes.identity import KeysInMemory

ACME = TenantId("acme")
PASSWORD = "Correct-horse-1"


class Pool:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.id = self.client.create_user_pool(PoolName="test")["UserPool"]["Id"]
        self.client_id = self.client.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="test",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.clock = ManualClock(datetime.now(UTC))
        self.users = CognitoUsers(self.client, self.id, self.client_id, self.clock)

    def groups(self, username: str) -> list[str]:
        answer = self.client.admin_list_groups_for_user(UserPoolId=self.id, Username=username)
        return sorted(group["GroupName"] for group in answer["Groups"])


@pytest.fixture(scope="module")
def cognito() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "cognito-idp",
            region_name="us-east-1",
            endpoint_url="https://cognito-idp.us-east-1.amazonaws.com",
        )


@pytest.fixture
def pool(cognito: Any) -> Pool:
    return Pool(cognito)


def test_a_user_that_was_added_signs_in_with_tokens_that_verify(pool: Pool) -> None:
    change = pool.users.ensure_user("ada", PASSWORD, ACME, [Role.RESEARCHER])
    assert change.created
    assert change.joined == ("role:researcher", "tenant:acme")
    tokens = pool.users.sign_in("ada", PASSWORD)
    assert tokens.expires_at == pool.clock.now() + timedelta(hours=1)

    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    keys = KeysInMemory(json.loads(CognitoIdpJsonWebKeyResponse.json_web_key))
    principal = TokenVerifier(issuer, pool.client_id, keys, SystemClock()).verify(
        tokens.access_token
    )
    assert principal.username == "ada"
    assert principal.tenant == "acme"
    assert principal.roles == {Role.RESEARCHER}


def test_the_id_token_of_the_same_sign_in_is_not_taken_for_an_access_token(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.RESEARCHER])
    answer = pool.client.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    keys = KeysInMemory(json.loads(CognitoIdpJsonWebKeyResponse.json_web_key))
    with pytest.raises(Unauthenticated, match="an access token is needed"):
        TokenVerifier(issuer, pool.client_id, keys, SystemClock()).verify(
            answer["AuthenticationResult"]["IdToken"]
        )


def test_adding_a_user_again_changes_nothing(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.RESEARCHER])
    change = pool.users.ensure_user("ada", PASSWORD, ACME, [Role.RESEARCHER])
    assert change == UserChange("ada", created=False, joined=(), left=())
    assert pool.groups("ada") == ["role:researcher", "tenant:acme"]


def test_users_share_the_groups_of_their_tenant_and_role(pool: Pool) -> None:
    for username in ("ada", "bob"):
        pool.users.ensure_user(username, PASSWORD, ACME, [Role.VIEWER])
        assert pool.groups(username) == ["role:viewer", "tenant:acme"]


def test_a_tenant_on_a_later_page_of_the_groups_is_seen(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])
    users = CognitoUsers(OneGroupAPage(pool.client), pool.id, pool.client_id, pool.clock)
    with pytest.raises(Conflict, match="user ada belongs to tenant:acme"):
        users.ensure_user("ada", PASSWORD, TenantId("globex"), [Role.VIEWER])
    assert users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER]).joined == ()


def test_a_user_that_was_half_added_is_completed(pool: Pool) -> None:
    pool.client.admin_create_user(UserPoolId=pool.id, Username="ada", MessageAction="SUPPRESS")
    change = pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])
    assert not change.created
    assert pool.users.sign_in("ada", PASSWORD).access_token
    assert pool.groups("ada") == ["role:viewer", "tenant:acme"]


def test_roles_become_exactly_those_asked_for_and_other_groups_stay(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER, Role.TRADER])
    pool.client.create_group(UserPoolId=pool.id, GroupName="newsletter")
    pool.client.admin_add_user_to_group(UserPoolId=pool.id, Username="ada", GroupName="newsletter")
    change = pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER, Role.RESEARCHER])
    assert change.joined == ("role:researcher",)
    assert change.left == ("role:trader",)
    assert pool.groups("ada") == ["newsletter", "role:researcher", "role:viewer", "tenant:acme"]


def test_a_user_is_not_moved_to_another_tenant_nor_given_a_new_password(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])
    with pytest.raises(Conflict, match="user ada belongs to tenant:acme"):
        pool.users.ensure_user("ada", "Another-horse-2", TenantId("globex"), [Role.ADMIN])
    assert pool.groups("ada") == ["role:viewer", "tenant:acme"]
    assert pool.users.sign_in("ada", PASSWORD).access_token


def test_a_wrong_password_and_an_unknown_user_read_alike(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])
    said = []
    for username, password in (("ada", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(Unauthenticated) as caught:
            pool.users.sign_in(username, password)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_user_who_must_set_a_password_first_is_told_so(pool: Pool) -> None:
    pool.client.admin_create_user(
        UserPoolId=pool.id, Username="ada", MessageAction="SUPPRESS", TemporaryPassword=PASSWORD
    )
    with pytest.raises(Unauthenticated, match="NEW_PASSWORD_REQUIRED first"):
        pool.users.sign_in("ada", PASSWORD)


def test_a_refresh_token_gives_a_new_access_token(pool: Pool) -> None:
    pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])
    tokens = pool.users.sign_in("ada", PASSWORD)
    assert tokens.refresh_token is not None
    pool.clock.advance(timedelta(minutes=30))
    fresh = pool.users.refresh(tokens.refresh_token)
    assert fresh.expires_at == pool.clock.now() + timedelta(hours=1)
    assert fresh.refresh_token


def test_a_refresh_token_that_nobody_gave_ends_the_session(pool: Pool) -> None:
    with pytest.raises(Unauthenticated, match="the session has ended"):
        pool.users.refresh("made up")


@pytest.mark.parametrize("password", ["", "x" * 257])
def test_a_password_of_a_length_that_no_pool_takes_is_refused_and_not_repeated(
    pool: Pool, password: str
) -> None:
    with pytest.raises(Invalid) as caught:
        pool.users.ensure_user("ada", password, ACME, [Role.VIEWER])
    assert caught.value.field == "password"
    assert "xx" not in str(caught.value)


def test_a_password_against_the_policy_is_refused_and_not_repeated(pool: Pool) -> None:
    with pytest.raises(Invalid, match="password must be one that the user pool accepts") as caught:
        pool.users.ensure_user("ada", "abc", ACME, [Role.VIEWER])
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("username", ["", "ada lovelace", "a" * 129, "ada\n"])
def test_a_malformed_username_is_refused(pool: Pool, username: str) -> None:
    with pytest.raises(Invalid, match="username must be"):
        pool.users.ensure_user(username, PASSWORD, ACME, [Role.VIEWER])


def test_a_pool_that_is_gone_is_unavailable(pool: Pool) -> None:
    pool.client.delete_user_pool(UserPoolId=pool.id)
    with pytest.raises(Unavailable, match="ResourceNotFoundException"):
        pool.users.ensure_user("ada", PASSWORD, ACME, [Role.VIEWER])


class OneGroupAPage:
    """A client that lists one group a page, as Cognito may; moto gives all of them at once."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def admin_list_groups_for_user(self, **asked: str) -> dict[str, Any]:
        place = int(asked.pop("NextToken", "0"))
        whole = self._client.admin_list_groups_for_user(**asked)
        groups = sorted(whole["Groups"], key=lambda group: str(group["GroupName"]))
        page: dict[str, Any] = {"Groups": groups[place : place + 1]}
        return page | ({"NextToken": str(place + 1)} if place + 1 < len(groups) else {})


class Throttled:
    """A client whose every call is turned away for now."""

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> None:
            details = {"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}
            raise ClientError(details, name)

        return call


def test_a_throttled_sign_in_is_unavailable_and_not_a_wrong_password() -> None:
    users = CognitoUsers(Throttled(), "pool", "client", ManualClock(datetime.now(UTC)))
    with pytest.raises(Unavailable, match="TooManyRequestsException: slow down"):
        users.sign_in("ada", PASSWORD)


def test_a_pool_that_does_not_answer_is_unavailable() -> None:
    client = boto3.client(
        "cognito-idp",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
    )
    users = CognitoUsers(client, "pool", "client", ManualClock(datetime.now(UTC)))
    with pytest.raises(Unavailable, match="the user pool is unavailable: Could not connect"):
        users.sign_in("ada", PASSWORD)


def test_tokens_do_not_show_in_a_log() -> None:
    tokens = Tokens("access-secret", "refresh-secret", datetime(2026, 11, 22, tzinfo=UTC))
    assert "secret" not in repr(tokens)
    assert "secret" not in str(tokens)
