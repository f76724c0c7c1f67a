"""Versions of secrets in Secrets Manager, and whose account a broker's key opens."""

from __future__ import annotations

from typing import Any

import httpx

from algotrendy.brokers.accounts import AlpacaAccount, BrokerAccountSettings
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.kernel.errors import NotFound, Rejected, Unauthenticated, Unavailable
from algotrendy.platform import aws, redaction

_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
_TIMEOUT_S = 10.0
_DENIED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class VersionsInSecretsManager:
    """Is the ``SecretVersions`` of a deployment; the client is boto3's of ``secretsmanager``."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def current(self, secret: str) -> str:
        """Read what holds."""
        found = self._get(secret, VersionStage=_CURRENT)
        if found is None:
            raise NotFound("secret", secret)
        return found

    def pending(self, secret: str, token: str) -> str | None:
        """Read the version that a rotation is making; None before it was made."""
        return self._get(secret, VersionId=token, VersionStage=_PENDING)

    def is_current(self, secret: str, token: str) -> bool:
        """Say whether that version holds already."""
        return _CURRENT in self._stages(secret).get(token, [])

    def put_pending(self, secret: str, token: str, text: str) -> None:
        """Make the version; the same again changes nothing."""
        with aws.translated("Secrets Manager"):
            self._client.put_secret_value(
                SecretId=secret,
                ClientRequestToken=token,
                SecretString=text,
                VersionStages=[_PENDING],
            )

    def promote(self, secret: str, token: str) -> None:
        """Let the version hold."""
        holders = [v for v, stages in self._stages(secret).items() if _CURRENT in stages]
        with aws.translated("Secrets Manager"):
            self._client.update_secret_version_stage(
                SecretId=secret,
                VersionStage=_CURRENT,
                MoveToVersionId=token,
                RemoveFromVersionId=holders[0],
            )

    def _stages(self, secret: str) -> dict[str, list[str]]:
        with aws.translated("Secrets Manager", missing={"ResourceNotFoundException": secret}):
            described = self._client.describe_secret(SecretId=secret)
        found: dict[str, list[str]] = described.get("VersionIdsToStages", {})
        return found

    def _get(self, secret: str, **version: str) -> str | None:
        try:
            with aws.translated("secret", missing={"ResourceNotFoundException": secret}):
                answer = self._client.get_secret_value(SecretId=secret, **version)
        except NotFound:
            return None
        text: str = answer["SecretString"]
        redaction.remember(text)
        return text


class AccountOfKey:
    """Asks a broker which account a key opens.

    Args:
        stage_live: The stage's switch: with it, a live account's key is tried on live trading.
    """

    def __init__(self, *, stage_live: bool, transport: httpx.BaseTransport | None = None) -> None:
        self._stage_live = stage_live
        self._transport = transport

    def __call__(self, account: BrokerAccountSettings) -> str:
        """Give the broker's name of the account.

        Raises:
            Unauthenticated: If the broker does not take the key.
            Unavailable: If it does not answer.
            Rejected: If keys of this broker cannot be tried here.
        """
        if not isinstance(account, AlpacaAccount):
            raise Rejected(f"keys of {account.broker} cannot be tried here: change them by hand")
        secret = account.secret.get_secret_value()
        mode = account.switches(self._stage_live).mode
        at = AlpacaSettings(account.key_id, secret, mode, account.url, account.stream_url)
        headers = {"APCA-API-KEY-ID": account.key_id, "APCA-API-SECRET-KEY": secret}
        try:
            with httpx.Client(timeout=_TIMEOUT_S, transport=self._transport) as client:
                answer = client.get(f"{at.rest_url}/v2/account", headers=headers)
        except httpx.TransportError as error:
            raise Unavailable("alpaca", type(error).__name__) from error
        if answer.status_code in _DENIED:
            raise Unauthenticated("the broker does not take the key")
        if not answer.is_success:
            raise Unavailable("alpaca", f"it answered {answer.status_code}")
        return str(answer.json()["id"])
