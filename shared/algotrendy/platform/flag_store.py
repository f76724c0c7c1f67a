"""Change the document of flags: a new version in AppConfig, rolled out at once or gradually."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.platform import aws

_GOES_ON = ("VALIDATING", "DEPLOYING", "BAKING", "ROLLING_BACK")
_CONTENT = "application/json"
_POLLS, _POLL_S = 20, 0.5


@dataclass(frozen=True, slots=True)
class Deployed:
    """What holds, and what is on its way.

    Attributes:
        document: Of the newest deployment that came to its end and was not taken back.
        version: Of the document; 0 where nothing was ever deployed.
        number: Of the newest deployment, whatever came of it; who changes anything builds on it.
        under_way: The number of a deployment that has not ended; its percentage beside it.
    """

    document: Mapping[str, object]
    version: int
    number: int
    under_way: int | None = None
    percent: float = 100.0


@dataclass(frozen=True, slots=True)
class Strategies:
    """The ids of the two ways to roll a document out."""

    gradual: str
    at_once: str


class FlagStore:
    """Speaks with AppConfig about one profile in one environment.

    Args:
        client: The boto3 client of ``appconfig``.
        source: ``APPLICATION/ENVIRONMENT/PROFILE``, as ids.
    """

    def __init__(
        self,
        client: Any,
        source: str,
        strategies: Strategies,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        application, environment, profile = source.split("/")
        self._environment = {"ApplicationId": application, "EnvironmentId": environment}
        self._profile = {"ApplicationId": application, "ConfigurationProfileId": profile}
        self._strategies = strategies
        self._sleep = sleep

    def deployed(self) -> Deployed:
        """Read what holds.

        Raises:
            Unavailable: If AppConfig does not answer.
        """
        with aws.translated("AppConfig"):
            listed = self._client.list_deployments(**self._environment, MaxResults=50)["Items"]
        # AWS lists the newest first, and says so nowhere.
        newest_first = sorted(listed, key=lambda each: -int(each["DeploymentNumber"]))
        number = int(newest_first[0]["DeploymentNumber"]) if newest_first else 0
        ended = next((each for each in newest_first if each["State"] == "COMPLETE"), None)
        version = 0 if ended is None else int(ended["ConfigurationVersion"])
        under_way = _under_way(newest_first)
        return Deployed(
            self._document(version) if version else {},
            version,
            number,
            None if under_way is None else int(under_way["DeploymentNumber"]),
            100.0 if under_way is None else float(under_way["PercentageComplete"]),
        )

    def deploy(
        self, document: Mapping[str, object], seen: Deployed, why: str, *, at_once: bool
    ) -> int:
        """Store a document as the next version, roll it out, and give the deployment's number.

        Args:
            seen: What the document was made from: somebody else's change since then is no loss.
            why: Kept with the deployment; at most 1024 characters of it.
            at_once: Everybody has it within ``TTL_S``, and a deployment under way is taken back;
                else it goes from process to process, and an alarm takes it back.

        Raises:
            Conflict: If somebody else deployed in between, or a deployment is under way.
            Unavailable: If AppConfig does not answer.
        """
        number = seen.number
        if seen.under_way is not None:
            if not at_once:
                raise Conflict(
                    f"deployment {seen.under_way} of flags is under way ({seen.percent:g} %): "
                    "wait for it, or change at once, which takes it back",
                    deployment=seen.under_way,
                )
            self._take_back(seen.under_way)
        strategy = self._strategies.at_once if at_once else self._strategies.gradual
        content = json.dumps(document, sort_keys=True).encode()
        with _one_after_the_other(number):
            made = self._client.create_hosted_configuration_version(
                **self._profile, Content=content, ContentType=_CONTENT, Description=why[:1024]
            )
            started = self._client.start_deployment(
                **self._environment,
                DeploymentStrategyId=strategy,
                ConfigurationProfileId=self._profile["ConfigurationProfileId"],
                ConfigurationVersion=str(made["VersionNumber"]),
                Description=why[:1024],
                LatestDeploymentNumber=number,
            )
        return int(started["DeploymentNumber"])

    def _document(self, version: int) -> Mapping[str, object]:
        with aws.translated("AppConfig"):
            answer = self._client.get_hosted_configuration_version(
                **self._profile, VersionNumber=version
            )
        found: Mapping[str, object] = json.loads(answer["Content"].read())
        return found

    def _take_back(self, number: int) -> None:
        with aws.translated("AppConfig"):
            self._client.stop_deployment(
                **self._environment, DeploymentNumber=number, AllowRevert=True
            )
            for _ in range(_POLLS):
                now = self._client.get_deployment(**self._environment, DeploymentNumber=number)
                if now["State"] not in _GOES_ON:
                    return
                self._sleep(_POLL_S)
        raise Unavailable("AppConfig", f"deployment {number} is still being taken back", 5.0)


def _under_way(newest_first: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((each for each in newest_first if each["State"] in _GOES_ON), None)


@contextmanager
def _one_after_the_other(number: int) -> Iterator[None]:
    """Say of a refused deployment that somebody else was first."""
    with aws.translated("AppConfig"):
        try:
            yield
        except ClientError as error:
            if aws.error_code(error) != "ConflictException":
                raise
            raise Conflict(
                f"somebody else changed flags since deployment {number}: look, then again",
                deployment=number,
            ) from error
