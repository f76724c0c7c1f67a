"""The gateway and the user pool: who may call what, and how often."""

from __future__ import annotations

import json
import re

from algotrendy.backtest import api as backtest
from algotrendy.identity import api as identity
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
    "GET /market_data/health",
    "GET /market_data/ready",
    "GET /operations/health",
    "GET /operations/ready",
    "GET /trading/health",
    "GET /trading/ready",
}
WITH_TOKEN = {
    "GET /v1/me",
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
    assert {key for key, kind in routes.items() if kind == "JWT"} == WITH_TOKEN
    assert set(routes) == PUBLIC | WITH_TOKEN


def test_the_gateway_knows_the_routes_of_every_app_and_no_others(stages: dict[str, Stage]) -> None:
    served = {
        f"{method.upper()} {path}"
        for app in (backtest, identity, market_data, operations, trading)
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


def test_tokens_are_those_of_our_pool_for_our_client(stage: Stage) -> None:
    [authorizer] = stage.properties("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    issuer = json.dumps(authorizer["JwtConfiguration"]["Issuer"])
    assert "https://cognito-idp." in issuer
    assert "IdentityUsers" in issuer
    assert "CommandLine" in json.dumps(authorizer["JwtConfiguration"]["Audience"])


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
    assert {"link", VERSION_HEADER} <= set(cors["ExposeHeaders"])


def test_users_are_made_by_an_administrator_with_a_strong_password(stage: Stage) -> None:
    [pool] = stage.properties("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    expected = "ACTIVE" if stage.name == "prod" else "INACTIVE"
    assert pool.get("DeletionProtection", "INACTIVE") == expected


def test_the_command_line_signs_in_by_password_for_an_hour(stage: Stage) -> None:
    [client] = stage.properties("AWS::Cognito::UserPoolClient")
    assert set(client["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }
    assert client["AccessTokenValidity"] == 60
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
