"""List the newest deployments of AppConfig first.

Stock: gives the oldest 50 and no token for more, so that the 51st change of flags is never seen.

AWS: lists them in descending order of their numbers.

Fix: the list that is cut comes in that order.
"""

from ministack.services import appconfig


def apply() -> None:
    """Wrap what gives an environment's deployments to the list."""
    stock_list = appconfig._list_deployments
    stock_refresh = appconfig._refresh_environment

    def list_deployments(app_id: str, env_id: str, query: dict[str, str]) -> object:
        appconfig._refresh_environment = lambda *place: stock_refresh(*place)[::-1]
        try:
            return stock_list(app_id, env_id, query)
        finally:
            appconfig._refresh_environment = stock_refresh

    appconfig._list_deployments = list_deployments
