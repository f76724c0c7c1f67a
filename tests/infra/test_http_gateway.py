"""The gateway and the user pool: who may call what, and how often."""

from __future__ import annotations

import json
import re

from algotrendy.backtest import api as backtest
from algotrendy.identity import api as identity
from algotrendy.live import api as live
from algotrendy.market_data import api as market_data
from algotrendy.market_data.api.access import VERSION_HEADER
from algotrendy.operations import api as operations
from algotrendy.trading import api as trading
from fakes.cloud_assembly import Stage

PUBLIC = {
    "GET /docs",
    "GET /docs/{asset}",
    "GET /openapi.json",
    "GET /backtest/health",
    "GET /backtest/ready",
    "GET /identity/health",
    "GET /identity/ready",
    "GET /live/health",
    "GET /live/ready",
    "GET /market_data/health",
    "GET /market_data/ready",
    "GET /operations/health",
    "GET /operations/ready",
    "GET /trading/health",
    "GET /trading/ready",
}
WITH_TOKEN = {
    "GET /v1/me",
    "GET /v1/api-keys",
    "POST /v1/api-keys",
    "POST /v1/api-keys/{key_id}/rotate",
    "DELETE /v1/api-keys/{key_id}",
    "GET /v1/flags",
    "PUT /v1/flags/{name}",
    "PUT /v1/live-switch",
    "GET /v1/audit/entries",
    "GET /v1/audit/verification",
    "GET /v1/bars",
    "GET /v1/bars/{symbol+}",
    "GET /v1/symbols",
    "GET /v1/quality",
    "GET /v1/quotes",
    "GET /v1/sweeps",
    "POST /v1/sweeps",
    "GET /v1/sweeps/{id}",
    "POST /v1/sweeps/{id}/cancel",
    "GET /v1/backtests",
    "POST /v1/backtests",
    "GET /v1/backtests/{id}",
    "POST /v1/walk-forwards",
    "GET /v1/walk-forwards",
    "GET /v1/walk-forwards/{id}",
    "GET /v1/walk-forwards/{id}/curve",
    "POST /v1/walk-forwards/{id}/cancel",
    "GET /v1/trials",
    "GET /v1/trials/tried",
    "GET /v1/gate",
    "GET /v1/strategies",
    "POST /v1/strategies",
    "GET /v1/strategies/registered",
    "GET /v1/strategies/{name}/versions",
    "GET /v1/strategies/{name}/versions/{version}",
    "POST /v1/strategies/{name}/versions/{version}/promotion",
    "POST /v1/strategy-runs",
    "GET /v1/strategy-runs",
    "GET /v1/strategy-runs/{run_id}",
    "PUT /v1/strategy-runs/{run_id}/state",
    "GET /v1/strategy-runs/{run_id}/steps",
    "GET /v1/strategy-runs/{run_id}/profit-and-loss",
    "GET /v1/strategy-runs/{run_id}/parity",
    "POST /v1/orders",
    "GET /v1/orders",
    "GET /v1/orders/{order_id}",
    "PATCH /v1/orders/{order_id}",
    "DELETE /v1/orders/{order_id}",
    "POST /v1/orders/{order_id}/approval",
    "POST /v1/parent-orders",
    "GET /v1/parent-orders",
    "GET /v1/parent-orders/{parent_id}",
    "PATCH /v1/parent-orders/{parent_id}",
    "DELETE /v1/parent-orders/{parent_id}",
    "GET /v1/accounts",
    "POST /v1/accounts",
    "GET /v1/accounts/{account}/access",
    "PUT /v1/accounts/{account}/access",
    "DELETE /v1/accounts/{account}/access",
    "POST /v1/transfers",
    "GET /v1/positions",
    "GET /v1/closed-lots",
    "GET /v1/fills",
    "GET /v1/activities",
    "GET /v1/reconciliations",
    "GET /v1/audit",
    "GET /v1/limits",
    "PUT /v1/limits",
    "GET /v1/limits/versions",
    "GET /v1/trading-state",
    "PUT /v1/trading-state",
    "GET /v1/kill-switch",
    "POST /v1/kill-switch",
    "DELETE /v1/kill-switch/{switch_id}",
    "GET /v1/risk",
}


def test_every_route_that_is_not_meant_to_be_public_needs_a_token(stage: Stage) -> None:
    routes = {
        route["RouteKey"]: route.get("AuthorizationType", "NONE")
        for route in stage.properties("AWS::ApiGatewayV2::Route")
    }
    assert {key for key, kind in routes.items() if kind == "NONE"} == PUBLIC
    assert {key for key, kind in routes.items() if kind == "CUSTOM"} == WITH_TOKEN
    assert set(routes) == PUBLIC | WITH_TOKEN


def test_the_gateway_knows_the_routes_of_every_app_and_no_others(stages: dict[str, Stage]) -> None:
    served = {
        f"{method.upper()} {path}"
        for app in (backtest, identity, live, market_data, operations, trading)
        for path, methods in app.create_api().openapi()["paths"].items()
        for method in methods
    }
    # The pages of operations describe the others, and do not stand in their own description.
    pages = {"GET /docs", "GET /docs/{asset}", "GET /openapi.json"}
    for stage in stages.values():
        routes = {route["RouteKey"] for route in stage.properties("AWS::ApiGatewayV2::Route")}
        assert {unnamed(key) for key in routes} == {unnamed(key) for key in served | pages}


def unnamed(key: str) -> str:
    """Leave out what a path's parameters are called, and that one may hold a slash."""
    return re.sub(r"\{[^}]*\}", "{}", key)


def test_a_credential_is_judged_by_a_function_whose_verdict_lasts_a_minute(stage: Stage) -> None:
    [authorizer] = stage.properties("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert "AuthorizerAuthorize" in json.dumps(authorizer["AuthorizerUri"])
    _, function = stage.function("identity-authorize")
    variables = function["Environment"]["Variables"]
    assert "https://cognito-idp." in json.dumps(variables["ALGOTRENDY_TOKEN_ISSUER"])


def test_every_app_verifies_credentials_again(stage: Stage) -> None:
    for capability in ("backtest", "identity", "live", "market-data", "operations", "trading"):
        _, function = stage.function(f"{capability}-api")
        variables = function["Environment"]["Variables"]
        pepper = f"secret:algotrendy/{stage.name}/api-key-pepper"
        assert variables["ALGOTRENDY_API_KEY_PEPPER"] == pepper
        assert {"ALGOTRENDY_TOKEN_ISSUER", "ALGOTRENDY_DATABASE_URL"} <= set(variables)


def test_the_pepper_is_made_by_aws_and_is_in_no_template(stage: Stage) -> None:
    [pepper] = [
        secret
        for secret in stage.properties("AWS::SecretsManager::Secret")
        if secret["Name"] == f"algotrendy/{stage.name}/api-key-pepper"
    ]
    assert pepper["GenerateSecretString"]["PasswordLength"] == 64
    assert "SecretString" not in pepper


def test_people_sign_in_by_password_or_with_pkce_and_the_console_with_pkce_alone(
    stage: Stage,
) -> None:
    clients = {
        client["ClientName"].removeprefix(f"algotrendy-{stage.name}-"): client
        for client in stage.properties("AWS::Cognito::UserPoolClient")
    }
    assert set(clients) == {"cli", "console"}
    for client in clients.values():
        assert client["AllowedOAuthFlows"] == ["code"]
        # A public client: whoever has the code needs its verifier, too.
        assert client["GenerateSecret"] is False
        assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert all(
        address.startswith("http://localhost:") for address in clients["cli"]["CallbackURLs"]
    )
    assert clients["console"]["CallbackURLs"] == ["https://console.example.com/signed-in"]
    assert clients["console"]["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_machines_ask_for_scopes_of_our_own(stage: Stage) -> None:
    [server] = stage.properties("AWS::Cognito::UserPoolResourceServer")
    assert server["Identifier"] == "algotrendy"
    assert {scope["ScopeName"] for scope in server["Scopes"]} == {"act", "read"}
    [domain] = stage.properties("AWS::Cognito::UserPoolDomain")
    assert f"algotrendy-{stage.name}" in json.dumps(domain["Domain"])


def test_requests_are_throttled_and_logged_without_tokens(stage: Stage) -> None:
    [gateway] = stage.properties("AWS::ApiGatewayV2::Stage")
    limits = gateway["DefaultRouteSettings"]
    assert limits["ThrottlingBurstLimit"] >= limits["ThrottlingRateLimit"] > 0
    logged = json.loads(gateway["AccessLogSettings"]["Format"])
    assert logged["status"] == "$context.status"
    assert not any("header" in value.lower() for value in logged.values())


def test_browsers_may_call_from_the_named_origins_alone(stage: Stage) -> None:
    [api] = stage.properties("AWS::ApiGatewayV2::Api")
    cors = api["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://console.example.com"]
    assert cors["AllowMethods"] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
    assert "authorization" in cors["AllowHeaders"]
    assert "*" not in cors["AllowHeaders"]
    assert not cors.get("AllowCredentials")
    # A page of another origin follows pages of CSV by these.
    assert {"link", "ratelimit-remaining", VERSION_HEADER} <= set(cors["ExposeHeaders"])


def test_users_are_made_by_an_administrator_with_a_strong_password(stage: Stage) -> None:
    [pool] = stage.properties("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["AutoVerifiedAttributes"] == ["email"]
    expected = "ACTIVE" if stage.name == "prod" else "INACTIVE"
    assert pool.get("DeletionProtection", "INACTIVE") == expected


def test_the_command_line_signs_in_by_password_for_an_hour(stage: Stage) -> None:
    name = f"algotrendy-{stage.name}-cli"
    clients = stage.properties("AWS::Cognito::UserPoolClient")
    [client] = [client for client in clients if client["ClientName"] == name]
    assert set(client["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }
    assert client["AccessTokenValidity"] == 60
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
