"""Make AWS clients that give up in time, and say what went wrong in the platform's own words."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.platform.settings import settings

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 20
ATTEMPTS = 4


@functools.cache
def client(service: str) -> Any:
    """Give the boto3 client of a service: one a process, with timeouts and standard retries."""
    import boto3
    from botocore.config import Config

    chosen = settings()
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        # An endpoint of one's own seldom resolves bucket.host; S3 proper does.
        s3={"addressing_style": "path" if chosen.aws_endpoint_url else "auto"},
        # boto3 would still sign S3 addresses in the old way, which an encrypted bucket refuses.
        signature_version="s3v4" if service == "s3" else None,
    )
    return boto3.client(
        service, region_name=chosen.region, endpoint_url=chosen.aws_endpoint_url, config=config
    )


@functools.cache
def quick_client(service: str) -> Any:
    """Give a boto3 client for what a request waits for and can do without: it gives up in 3 s."""
    import boto3
    from botocore.config import Config

    chosen = settings()
    config = Config(
        connect_timeout=1, read_timeout=1.5, retries={"mode": "standard", "total_max_attempts": 1}
    )
    return boto3.client(
        service, region_name=chosen.region, endpoint_url=chosen.aws_endpoint_url, config=config
    )


@contextmanager
def translated(service: str, missing: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn the errors of an AWS call into the platform's own.

    Args:
        service: Who is called, as a person knows it.
        missing: AWS error codes that mean "there is none", each with the key that was asked for.

    Raises:
        NotFound: For a code of ``missing``.
        Unavailable: For every other refusal and every fault of the network.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if missing and code in missing:
            raise NotFound(service, missing[code]) from error
        message = error.response.get("Error", {}).get("Message", "")
        raise Unavailable(service, f"{code}: {message}") from error
    except BotoCoreError as error:
        raise Unavailable(service, str(error)) from error


def error_code(error: Exception) -> str:
    """Give the code of a botocore ClientError."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", "Unknown"))
