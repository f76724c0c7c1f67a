"""Let an HTTP API that CloudFormation made answer CORS.

Stock: keeps the template's `CorsConfiguration` with its capital letters (`AllowOrigins`) and looks
for `allowOrigins`, so every preflight gets 403 and no answer carries CORS headers.

AWS: answers the preflight itself with 204 and the configured headers.

Fix: the property's names are written as the service reads them before the resource is made.
"""

from typing import Any

from ministack.services.cloudformation import provisioners

_API = "AWS::ApiGatewayV2::Api"
_CORS = "CorsConfiguration"


def _as_the_service_reads_it(properties: dict[str, Any]) -> dict[str, Any]:
    configured = properties.get(_CORS)
    if not isinstance(configured, dict):
        return properties
    lowered = {name[:1].lower() + name[1:]: value for name, value in configured.items()}
    return properties | {_CORS: lowered}


def apply() -> None:
    """Wrap the resource's create and update."""
    handlers = provisioners._RESOURCE_HANDLERS[_API]
    stock_create, stock_update = handlers["create"], handlers["update"]

    def create(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        return stock_create(logical_id, _as_the_service_reads_it(properties), *rest)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        return stock_update(physical_id, old, _as_the_service_reads_it(new), *rest)

    handlers |= {"create": create, "update": update}
