"""Keep the questions that logs are asked again and again; Logs Insights shows them by name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Query:
    """One saved query.

    Attributes:
        name: Its folder and its name, in the console.
        groups: Prefixes of log groups, behind ``/aws/``; the stage is added.
    """

    name: str
    groups: tuple[str, ...]
    text: str


FUNCTIONS: Final = "lambda"
SERVICES: Final = "ecs"
ACCESS: Final = "http-api"

QUERIES: Final = (
    Query(
        "requests/everything of one correlation id",
        (FUNCTIONS, SERVICES),
        """fields @timestamp, service, level, message, order_id, account, @log
| filter correlation_id = "PUT-THE-ID-HERE"
| sort @timestamp asc
| limit 1000""",
    ),
    Query(
        "requests/failures by route",
        (ACCESS,),
        """fields @timestamp, route, status, latency_ms, integration_error, authorizer_error
| filter status >= 500
| stats count(*) as failures, max(latency_ms) as slowest by route, status
| sort failures desc""",
    ),
    Query(
        "requests/slowest routes",
        (ACCESS,),
        """stats count(*) as requests, pct(latency_ms, 50) as p50, pct(latency_ms, 99) as p99
    by route
| sort p99 desc
| limit 50""",
    ),
    Query(
        "requests/refused by address",
        (ACCESS,),
        """filter status in [401, 403, 429]
| stats count(*) as refused by ip, status
| sort refused desc
| limit 50""",
    ),
    Query(
        "orders/the whole way of one order",
        (FUNCTIONS, SERVICES),
        """fields @timestamp, service, message, correlation_id, @log
| filter order_id = "PUT-THE-ID-HERE"
| sort @timestamp asc
| limit 1000""",
    ),
    Query(
        "orders/refused and rejected",
        (SERVICES,),
        """fields @timestamp, OrdersRejected, reason
| filter ispresent(OrdersRejected)
| stats sum(OrdersRejected.0) as rejected by reason
| sort rejected desc""",
    ),
    Query(
        "faults/errors by function",
        (FUNCTIONS, SERVICES),
        """filter level = "ERROR" or level = "CRITICAL"
| stats count(*) as errors, latest(message) as last by service, @log
| sort errors desc""",
    ),
    Query(
        "faults/cold starts",
        (FUNCTIONS,),
        """filter @type = "REPORT" and ispresent(@initDuration)
| stats count(*) as starts, avg(@initDuration) as mean_ms, max(@initDuration) as worst_ms by @log
| sort worst_ms desc""",
    ),
    Query(
        "faults/memory of functions",
        (FUNCTIONS,),
        """filter @type = "REPORT"
| stats max(@maxMemoryUsed / 1000 / 1000) as most_mb,
    max(@memorySize / 1000 / 1000) as given_mb by @log
| sort most_mb desc""",
    ),
    Query(
        "faults/what brokers did not answer",
        (SERVICES,),
        """fields @timestamp, call, outcome
| filter ispresent(BrokerSeconds) and outcome in ["unavailable", "unknown"]
| stats count(*) as calls by call, outcome
| sort calls desc""",
    ),
)
