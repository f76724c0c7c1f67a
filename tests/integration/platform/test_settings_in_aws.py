"""Settings and secrets that a deployment left in SSM and Secrets Manager (moto)."""

from __future__ import annotations

import boto3
import pytest

from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.platform import aws
from algotrendy.platform.secrets import Secrets
from algotrendy.platform.settings import Settings


def put(name: str, value: str) -> None:
    boto3.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def test_what_the_environment_lacks_comes_from_the_stage_that_is_deployed(
    aws_cloud: None,
) -> None:
    put("/algotrendy/dev/api_url", "https://dev.example")
    put("/algotrendy/prod/api_url", "https://prod.example")
    assert Settings(stage="prod").need("api_url") == "https://prod.example"
    assert Settings(stage="dev").need("api_url") == "https://dev.example"


def test_the_environment_wins_over_the_deployment(aws_cloud: None) -> None:
    put("/algotrendy/dev/api_url", "https://dev.example")
    own = Settings(stage="dev", api_url="https://mine.example")
    assert own.need("api_url") == "https://mine.example"


@pytest.mark.parametrize(("stage", "remedy"), [("local", "algotrendy up"), ("prod", "cdk deploy")])
def test_a_missing_value_says_where_it_was_looked_for_and_what_puts_it_there(
    aws_cloud: None, stage: str, remedy: str
) -> None:
    with pytest.raises(Unavailable) as caught:
        Settings(stage=stage).need("api_url")
    message = caught.value.message
    assert "setting api_url" in message
    assert "ALGOTRENDY_API_URL" in message
    assert f"/algotrendy/{stage}/api_url" in message
    assert f"`{remedy}`" in message


def test_a_value_that_is_deployed_later_is_found_then(aws_cloud: None) -> None:
    with pytest.raises(Unavailable):
        Settings().need("event_bus")
    put("/algotrendy/local/event_bus", "bus")
    assert Settings().need("event_bus") == "bus"


def test_an_optional_value_asks_nobody(aws_cloud: None) -> None:
    put("/algotrendy/local/cache_url", "redis://deployed")
    assert Settings().optional("cache_url") is None


def test_a_value_may_be_the_name_of_a_secret(aws_cloud: None) -> None:
    url = "postgresql://user:hunter2@host/db"
    boto3.client("secretsmanager").create_secret(Name="db-of-a-test", SecretString=url)
    put("/algotrendy/local/database_url", "secret:db-of-a-test")
    assert Settings().need("database_url") == url
    own = Settings(database_url="secret:db-of-a-test")
    assert own.need("database_url") == url
    assert "hunter2" not in repr(own)


def test_a_secret_is_kept_for_its_time_and_then_read_again(aws_cloud: None) -> None:
    manager = boto3.client("secretsmanager")
    manager.create_secret(Name="s", SecretString="first")
    now = [0.0]
    secrets = Secrets(ttl_s=300, monotonic=lambda: now[0])
    assert secrets.get("s").get_secret_value() == "first"
    manager.put_secret_value(SecretId="s", SecretString="second")
    now[0] = 299.0
    assert secrets.get("s").get_secret_value() == "first"
    now[0] = 300.0
    assert secrets.get("s").get_secret_value() == "second"
    assert "second" not in repr(secrets.get("s"))


def test_a_secret_that_is_not_there_is_not_found(aws_cloud: None) -> None:
    with pytest.raises(NotFound, match="secret none was not found"):
        Secrets().get("none")


def test_clients_are_made_once_and_go_where_the_settings_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    monkeypatch.setenv("ALGOTRENDY_REGION", "eu-central-1")
    s3 = aws.client("s3")
    assert s3 is aws.client("s3")
    assert s3.meta.endpoint_url == "http://localhost:1"
    assert s3.meta.region_name == "eu-central-1"
    assert s3.meta.config.s3["addressing_style"] == "path"
    assert s3.meta.config.connect_timeout == aws.CONNECT_TIMEOUT_S
    assert s3.meta.config.retries["mode"] == "standard"
