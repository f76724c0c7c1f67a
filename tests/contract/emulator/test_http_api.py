"""An HTTP API of CloudFormation: CORS, and access tokens of Cognito."""

import base64
import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest

from fakes.aws_emulator import ROLE, Emulator

pytestmark = pytest.mark.platform

PASSWORD = "Correct-horse-7"
ORIGIN = "https://desk.example"


class Api:
    """A deployed API with one protected route, and the user pool in front of it."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._users = emulator.client("cognito-idp")
        self.ids = emulator.deploy(_resources(), stack="http-api")
        self.url = f"{emulator.url}/_aws/execute-api/{self.ids['Api']}/$default"

    def call(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, str]:
        """Give status, headers and body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, method=method, headers=named)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read().decode()

    def add_user(self, name: str, *groups: str) -> None:
        pool = self.ids["Pool"]
        self._users.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        self._users.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True
        )
        for group in groups:
            self._users.create_group(UserPoolId=pool, GroupName=group)
            self._users.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)

    def sign_in(self, name: str) -> str:
        """Give an access token."""
        answer = self._users.initiate_auth(
            ClientId=self.ids["Client"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        token: str = answer["AuthenticationResult"]["AccessToken"]
        return token


def _resources() -> dict[str, Any]:
    code = (
        "import json\n"
        "def handler(event, context):\n"
        "    claims = event['requestContext']['authorizer']['jwt']['claims']\n"
        "    headers = {'content-type': 'application/json'}\n"
        "    body = {'claims': claims, 'headers': event['headers']}\n"
        "    return {'statusCode': 200, 'headers': headers, 'body': json.dumps(body)}\n"
    )
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Pool": ("Cognito::UserPool", {"UserPoolName": "people"}),
        "Client": (
            "Cognito::UserPoolClient",
            {
                "UserPoolId": {"Ref": "Pool"},
                "ClientName": "desk",
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            },
        ),
        "Function": (
            "Lambda::Function",
            {
                "Code": {"ZipFile": code},
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": ROLE,
            },
        ),
        "Api": (
            "ApiGatewayV2::Api",
            {
                "Name": "api",
                "ProtocolType": "HTTP",
                "CorsConfiguration": {
                    "AllowOrigins": [ORIGIN],
                    "AllowMethods": ["GET", "POST"],
                    "AllowHeaders": ["authorization"],
                    "MaxAge": 600,
                },
            },
        ),
        "Stage": (
            "ApiGatewayV2::Stage",
            {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        ),
        "Authorizer": (
            "ApiGatewayV2::Authorizer",
            {
                "ApiId": {"Ref": "Api"},
                "AuthorizerType": "JWT",
                "Name": "people",
                "IdentitySource": ["$request.header.Authorization"],
                "JwtConfiguration": {
                    "Audience": [{"Ref": "Client"}],
                    "Issuer": {"Fn::Sub": "https://cognito-idp.us-east-1.amazonaws.com/${Pool}"},
                },
            },
        ),
        "Integration": (
            "ApiGatewayV2::Integration",
            {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
                "PayloadFormatVersion": "2.0",
            },
        ),
        "Route": (
            "ApiGatewayV2::Route",
            {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "GET /v1/whoami",
                "AuthorizationType": "JWT",
                "AuthorizerId": {"Ref": "Authorizer"},
                "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        ),
        "Url": (
            "SSM::Parameter",
            {
                "Name": "/algotrendy/local/api_url",
                "Type": "String",
                "Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]},
            },
        ),
        "LogGroup": (
            "Logs::LogGroup",
            {"LogGroupName": "/aws/lambda/declared", "RetentionInDays": 7},
        ),
    }
    return {
        name: {"Type": f"AWS::{kind}", "Properties": properties}
        for name, (kind, properties) in resources.items()
    }


@pytest.fixture(scope="module")
def api(emulator: Emulator) -> Api:
    one = Api(emulator)
    one.add_user("ada", "role:researcher", "tenant:demo")
    return one


def test_a_preflight_of_an_allowed_origin_is_answered_with_the_configured_headers(
    api: Api,
) -> None:
    status, headers, _ = api.call("/v1/whoami", "OPTIONS", Origin=ORIGIN)

    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert headers["Access-Control-Max-Age"] == "600"


def test_another_origin_gets_no_cors_headers(api: Api) -> None:
    _, headers, _ = api.call("/v1/whoami", "OPTIONS", Origin="https://evil.example")

    assert headers["Access-Control-Allow-Origin"] is None


def test_an_access_token_carries_the_groups_to_the_function(api: Api) -> None:
    token = api.sign_in("ada")

    status, _, body = api.call(
        "/v1/whoami", Authorization=f"Bearer {token}", x_correlation_id="c-1"
    )

    seen = json.loads(body)
    assert status == 200
    assert seen["claims"]["token_use"] == "access"
    assert seen["claims"]["client_id"] == api.ids["Client"]
    # The gateway writes a list claim as AWS does, in brackets and without commas.
    assert set(seen["claims"]["cognito:groups"].strip("[]").split()) == {
        "role:researcher",
        "tenant:demo",
    }
    assert seen["headers"]["x-correlation-id"] == "c-1"
    assert set(_claims(token)["cognito:groups"]) == {"role:researcher", "tenant:demo"}


def test_a_request_is_numbered_for_xray_unless_its_caller_did(api: Api) -> None:
    token = f"Bearer {api.sign_in('ada')}"

    seen = [
        json.loads(api.call("/v1/whoami", Authorization=token, **more)[2])["headers"]
        for more in ({}, {}, {"x_amzn_trace_id": "Root=1-67891233-abcdef012345678912345678"})
    ]

    first, second, named = (each["x-amzn-trace-id"] for each in seen)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", first)
    assert first != second
    assert named == "Root=1-67891233-abcdef012345678912345678"


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.mark.parametrize("kind", ["missing", "garbage", "tampered", "unsigned"])
def test_a_token_that_is_not_ours_is_refused(api: Api, kind: str) -> None:
    head, claims, signature = api.sign_in("ada").split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    forged = json.dumps(_claims(f".{claims}.") | {"cognito:groups": ["role:admin"]})
    tampered = base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")
    headers = {
        "missing": {},
        "garbage": {"Authorization": "Bearer garbage"},
        "tampered": {"Authorization": f"Bearer {head}.{tampered}.{signature}"},
        "unsigned": {"Authorization": f"Bearer {unsigned}.{claims}."},
    }[kind]

    status, _, _ = api.call("/v1/whoami", **headers)

    assert status == 401


def test_a_wrong_password_is_refused(api: Api, emulator: Emulator) -> None:
    users = emulator.client("cognito-idp")

    with pytest.raises(users.exceptions.NotAuthorizedException):
        users.initiate_auth(
            ClientId=api.ids["Client"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ada", "PASSWORD": "wrong"},
        )


def test_parameters_and_log_groups_of_the_template_exist(api: Api, emulator: Emulator) -> None:
    parameter = emulator.client("ssm").get_parameter(Name="/algotrendy/local/api_url")
    groups = emulator.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/declared")

    assert api.ids["Api"] in parameter["Parameter"]["Value"]
    assert groups["logGroups"][0]["retentionInDays"] == 7


def test_keys_and_tokens_outlive_a_restart(own_emulator: Emulator) -> None:
    api = Api(own_emulator)
    api.add_user("ada", "role:researcher")
    token = api.sign_in("ada")

    own_emulator.stop()
    own_emulator.start()

    assert api.call("/v1/whoami", Authorization=f"Bearer {token}")[0] == 200
