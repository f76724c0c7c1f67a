"""Ask the emulated AWS account what is deployed in it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from algotrendy.kernel.errors import Unavailable
from algotrendy.local.emulator import ACCOUNT, REGION

TOOLKIT_STACK = "CDKToolkit"
_STAGING_PREFIX = "cdk-"
# Characters at the end of a bucket's name that are new for each new stack (ministack 1.5.33).
_DRAWN = 13
_STAGING_SUFFIX = f"-assets-{ACCOUNT}-{REGION}"
_FINGERPRINT = "/algotrendy/local/deployed_fingerprint"
_API_URL = "/algotrendy/local/api_url"
_JWKS_URL = "/algotrendy/local/token_jwks_url"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the account holds.

    Attributes:
        fingerprint: Of the deployment that ended last.
        stacks: Status by stack name.
        lost_functions: Functions that a stack counts as its own and the account does not have.
    """

    fingerprint: str | None
    stacks: dict[str, str]
    lost_functions: tuple[str, ...] = ()

    @property
    def is_bootstrapped(self) -> bool:
        """Whether the CDK can deploy here."""
        status = self.stacks.get(TOOLKIT_STACK, "")
        return status.endswith("_COMPLETE") and not status.startswith(("ROLLBACK", "DELETE"))

    @property
    def stuck(self) -> tuple[str, ...]:
        """Stacks from whose status no deployment can go on."""
        return tuple(name for name, status in self.stacks.items() if status.endswith("_FAILED"))

    @property
    def busy(self) -> tuple[str, ...]:
        """Stacks that something is still working on, or was when it died."""
        return tuple(
            name
            for name, status in self.stacks.items()
            # A change set that was never executed: the CDK starts over from there by itself.
            if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
        )


class EmulatedAccount:
    """The emulator's account, with credentials that are worth nothing elsewhere."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    @property
    def environment(self) -> dict[str, str]:
        """What makes an AWS client in another process talk to this account only."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def target(self) -> str:
        """Where `cdk bootstrap` goes."""
        return f"aws://{ACCOUNT}/{REGION}"

    def deployed(self) -> Deployed:
        """Look at the account.

        Raises:
            Unavailable: If the emulator does not answer.
        """
        with answered():
            pages = self._client("cloudformation").get_paginator("describe_stacks").paginate()
            found = [stack for page in pages for stack in page["Stacks"]]
            stacks = {stack["StackName"]: str(stack["StackStatus"]) for stack in found}
            return Deployed(self._parameter(_FINGERPRINT), stacks, self._lost_functions(stacks))

    def record(self, fingerprint: str | None) -> None:
        """Remember what is deployed, in the account itself: it is lost with the account.

        Args:
            fingerprint: None from the moment when a deployment begins until it has ended well.
        """
        ssm = self._client("ssm")
        with answered():
            if fingerprint is None:
                with contextlib.suppress(ssm.exceptions.ParameterNotFound):
                    ssm.delete_parameter(Name=_FINGERPRINT)
            else:
                ssm.put_parameter(
                    Name=_FINGERPRINT, Value=fingerprint, Type="String", Overwrite=True
                )

    def clear_staging(self) -> None:
        """Remove the CDK's own bucket when its stack is gone, for it would refuse a new stack.

        The bucket holds nothing but assets, which are published again.
        """
        s3 = self._client("s3")
        with answered():
            for bucket in s3.list_buckets()["Buckets"]:
                name = str(bucket["Name"])
                if name.startswith(_STAGING_PREFIX) and name.endswith(_STAGING_SUFFIX):
                    _remove_bucket(s3, name)

    def adopt_orphans(self) -> None:
        """Move the objects of buckets that lost their stack into the new stack's buckets.

        The emulator keeps objects on disk apart from its stacks. Stacks that are created anew get
        buckets with new names, and what was imported and computed would stay behind in the old.
        """
        s3 = self._client("s3")
        with answered():
            held = {str(bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]}
            owned = {name for name in self._physical_ids("AWS::S3::Bucket") if name in held}
            for old in sorted(held - owned):
                # Stack and logical id, then a suffix drawn by the emulator.
                heirs = [name for name in owned if name[:-_DRAWN] == old[:-_DRAWN]]
                if len(heirs) == 1:
                    _copy_objects(s3, old, heirs[0])
                    _remove_bucket(s3, old)

    def urls(self) -> dict[str, str]:
        """The addresses that a person wants to open."""
        with answered():
            api, keys = self._parameter(_API_URL), self._parameter(_JWKS_URL)
        found = {} if api is None else {"api": api, "docs": f"{api.rstrip('/')}/docs"}
        return found if keys is None else {**found, "keys": keys}

    def _parameter(self, name: str) -> str | None:
        ssm = self._client("ssm")
        try:
            return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return None

    def _lost_functions(self, stacks: dict[str, str]) -> tuple[str, ...]:
        if not stacks:
            return ()
        pages = self._client("lambda").get_paginator("list_functions").paginate()
        held = {function["FunctionName"] for page in pages for function in page["Functions"]}
        expected = self._physical_ids("AWS::Lambda::Function")
        # A physical id may be the name or the ARN, which ends with the name.
        return tuple(sorted(name for name in expected if name.split(":")[-1] not in held))

    def _physical_ids(self, kind: str) -> set[str]:
        formation = self._client("cloudformation")
        pages = formation.get_paginator("describe_stacks").paginate()
        names = [stack["StackName"] for page in pages for stack in page["Stacks"]]
        answers = (formation.describe_stack_resources(StackName=name) for name in names)
        return {
            str(resource.get("PhysicalResourceId", ""))
            for answer in answers
            for resource in answer["StackResources"]
            if resource["ResourceType"] == kind
        }

    def _client(self, service: str) -> Any:
        return account_client(service, self.endpoint)


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Turn any error of the emulator's into one of ours.

    Raises:
        Unavailable: For whatever went wrong inside.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("emulator", str(error)) from error


@functools.cache
def account_client(service: str, endpoint: str) -> Any:
    """A client of the emulator, whatever AWS account the environment speaks of."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes anything
        config=Config(
            connect_timeout=2,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )


def _copy_objects(s3: Any, source: str, target: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=source):
        for item in page.get("Contents", ()):
            s3.copy_object(
                Bucket=target,
                Key=item["Key"],
                CopySource={"Bucket": source, "Key": item["Key"]},
            )


def _remove_bucket(s3: Any, name: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if keys:
            s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
    s3.delete_bucket(Bucket=name)
