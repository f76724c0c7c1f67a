"""Build the HTTP API in front of every capability."""

import json
from collections.abc import Callable, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct
from pydantic import Field

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import Frozen
from infra_cdk.patterns.foundation import Foundation, log_group
from infra_cdk.patterns.function import Function
from infra_cdk.patterns.permissions import Grantee

STAGE_NAME = "$default"
# A verdict is kept by the Authorization header. The app verifies each request anew, so a key that
# is revoked ends at once all the same.
VERDICT_LASTS = Duration.minutes(1)
REQUEST_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "x-correlation-id",
]
RESPONSE_HEADERS = [
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit-limit",
    "ratelimit-policy",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-unchecked",
    "retry-after",
    "x-bars-version",
    "x-correlation-id",
]
# No query string and no token: an access log says who asked for what, and how it went.
ACCESS_LOG_FIELDS = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "subject": "$context.authorizer.subject",
    "tenant": "$context.authorizer.tenant",
    "caller": "$context.authorizer.kind",
    "standing": "$context.authorizer.standing",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
}


class Route(Frozen):
    """Lead a method and path to a capability; only a ``public`` one needs no credential."""

    method: apigateway.HttpMethod
    path: str = Field(pattern=r"^/[A-Za-z0-9_./{}+-]*$")
    public: bool = False


def get(path: str, *, public: bool = False) -> Route:
    """Describe a GET route."""
    return Route(method=apigateway.HttpMethod.GET, path=path, public=public)


def post(path: str) -> Route:
    """Describe a POST route."""
    return Route(method=apigateway.HttpMethod.POST, path=path)


def put(path: str) -> Route:
    """Describe a PUT route."""
    return Route(method=apigateway.HttpMethod.PUT, path=path)


def patch(path: str) -> Route:
    """Describe a PATCH route."""
    return Route(method=apigateway.HttpMethod.PATCH, path=path)


def delete(path: str) -> Route:
    """Describe a DELETE route."""
    return Route(method=apigateway.HttpMethod.DELETE, path=path)


def watch_routes(capability: str) -> tuple[Route, Route]:
    """Describe the two routes that tell whether a capability is alive and ready."""
    return (get(f"/{capability}/health", public=True), get(f"/{capability}/ready", public=True))


class HttpGateway(Construct):
    """Hold the HTTP API: credentials judged, requests throttled, access logged, CORS strict."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        authorizer: Function,
        grant_verify: Callable[[Grantee], None],
    ) -> None:
        """Build the gateway.

        Args:
            authorizer: What it asks about a credential.
            grant_verify: Lets a function verify API keys: each does so again.
        """
        super().__init__(scope, id_)
        config = foundation.config
        self._grant_verify = grant_verify
        self._authorizer = authorizers.HttpLambdaAuthorizer(
            "Credential",
            authorizer.live,
            authorizer_name=config.name("credential"),
            identity_source=["$request.header.Authorization"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=VERDICT_LASTS,
        )
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=config.prefix,
            description=f"AlgoTrendy, stage {config.stage}",
            create_default_stage=False,
            cors_preflight=_cors(config.cors_origins),
        )
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name=STAGE_NAME,
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=config.throttle.rate_per_s, burst_limit=config.throttle.burst
            ),
        )
        self._log_requests(foundation)
        self.url = self._url(foundation)
        self.errors_alarm = self._alarms(foundation)

    def add(self, function: Function, routes: Sequence[Route]) -> None:
        """Lead ``routes`` to ``function``, which may verify credentials itself.

        The routes stand in the function's own stack: the gateway's knows nothing of those that
        are deployed after it.
        """
        self._grant_verify(function)
        integration = integrations.HttpLambdaIntegration(
            f"{function.spec.capability}-{function.spec.name}",
            function.live,
            payload_format_version=apigateway.PayloadFormatVersion.VERSION_2_0,
            # One permission for the function instead of one for each of its routes.
            scope_permission_to_route=False,
        )
        is_apart = Stack.of(function) is not Stack.of(self)
        for route in routes:
            verdict = apigateway.HttpNoneAuthorizer() if route.public else self._authorizer
            if is_apart:
                made = apigateway.HttpRoute(
                    function,
                    f"{route.method.value} {route.path}",
                    http_api=self.api,
                    route_key=apigateway.HttpRouteKey.with_(route.path, route.method),
                    integration=integration,
                    authorizer=verdict,
                )
            else:
                [made] = self.api.add_routes(
                    path=route.path,
                    methods=[route.method],
                    integration=integration,
                    authorizer=verdict,
                )
            if route.public:
                except_from(made, "APIG4", "Public on purpose: tells nothing about anybody.")

    def _url(self, foundation: Foundation) -> str:
        if edge := foundation.config.edge:
            return f"https://{edge.domain}"
        if local := foundation.config.local:
            # The emulator serves the API under a path: its own host names may not resolve.
            return f"{local.endpoint_url}/_aws/execute-api/{self.api.api_id}/{STAGE_NAME}"
        return self.api.api_endpoint

    def _log_requests(self, foundation: Foundation) -> None:
        group = log_group(
            self, "AccessLogs", foundation.config, f"/aws/http-api/{foundation.config.prefix}"
        )
        stage = self.stage.node.default_child
        if not isinstance(stage, apigateway.CfnStage):
            raise TypeError("the HTTP stage has no CloudFormation resource")
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps(ACCESS_LOG_FIELDS)
        )

    def _alarms(self, foundation: Foundation) -> cloudwatch.AlarmBase:
        missing = cloudwatch.TreatMissingData.NOT_BREACHING
        name = foundation.config.name("api")
        slow = self.stage.metric_latency(period=Duration.minutes(5), statistic="p99").create_alarm(
            self,
            "Slow",
            alarm_name=f"{name}-slow",
            alarm_description="One request in a hundred takes longer than 3 s.",
            threshold=3000,
            evaluation_periods=3,
            treat_missing_data=missing,
        )
        errors = self.stage.metric_server_error(
            period=Duration.minutes(5), statistic="Sum"
        ).create_alarm(
            self,
            "Errors",
            alarm_name=f"{name}-errors",
            alarm_description="The API answered 5xx: read the access log by status.",
            threshold=5,
            evaluation_periods=1,
            treat_missing_data=missing,
        )
        foundation.alarm(slow)
        return foundation.alarm(errors)


def _cors(origins: Sequence[str]) -> apigateway.CorsPreflightOptions | None:
    if not origins:
        # No console is known: browsers on other origins get no answer that they may read.
        return None
    return apigateway.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[
            apigateway.CorsHttpMethod.GET,
            apigateway.CorsHttpMethod.POST,
            apigateway.CorsHttpMethod.PUT,
            apigateway.CorsHttpMethod.PATCH,
            apigateway.CorsHttpMethod.DELETE,
        ],
        allow_headers=REQUEST_HEADERS,
        expose_headers=RESPONSE_HEADERS,
        allow_credentials=False,
        max_age=Duration.hours(1),
    )
