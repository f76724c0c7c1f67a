"""`algotrendy login` and `algotrendy users add`, run as commands against moto's Cognito."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner

from algotrendy.cli import identity
from algotrendy.cli.session import sessions
from algotrendy.identity import wiring
from algotrendy.kernel.errors import Conflict, Invalid, Unauthenticated, Unavailable
from algotrendy.platform import aws
from algotrendy.platform.settings import reset_settings

PASSWORD = "Correct-horse-1"
ADD = ["users", "add", "ada", "--tenant", "acme", "--role", "researcher"]


def command_line() -> typer.Typer:
    app = typer.Typer()
    app.command("login")(identity.login)
    app.add_typer(identity.users, name="users")
    return app


def forget() -> None:
    reset_settings()
    wiring.users.cache_clear()
    wiring.verifier.cache_clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("AWS_ENDPOINT_URL", "ALGOTRENDY_USERNAME", "ALGOTRENDY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path))
    forget()
    with mock_aws():
        cognito = aws.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="test")["UserPool"]["Id"]
        client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="cli")
        monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", pool)
        monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", client["UserPoolClient"]["ClientId"])
        forget()
        yield tmp_path
    forget()


def run(*arguments: str, env: dict[str, str] | None = None, typed: str = "") -> str:
    result = CliRunner().invoke(command_line(), list(arguments), input=typed, env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    return result.output


def test_a_user_is_added_signs_in_and_other_commands_have_a_token(home: Path) -> None:
    said = run(*ADD, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert "added ada; password set; joined role:researcher, tenant:acme" in said
    assert "signed in as ada" in run("login", typed=f"ada\n{PASSWORD}\n")
    kept = json.loads((home / "token.json").read_text())
    assert sessions().access_token() == kept["access_token"]


def test_the_password_comes_from_the_environment_where_nobody_can_type(home: Path) -> None:
    run(*ADD, env={"ALGOTRENDY_NEW_PASSWORD": PASSWORD})
    said = run(*ADD, env={"ALGOTRENDY_NEW_PASSWORD": PASSWORD})
    assert "found ada; password set" in said
    assert "joined" not in said
    run("login", env={"ALGOTRENDY_USERNAME": "ada", "ALGOTRENDY_PASSWORD": PASSWORD})
    assert (home / "token.json").exists()


def test_a_change_of_roles_is_told(home: Path) -> None:
    env = {"ALGOTRENDY_NEW_PASSWORD": PASSWORD}
    run(*ADD, env=env)
    said = run("users", "add", "ada", "--tenant", "acme", "--role", "trader", env=env)
    assert "joined role:trader; left role:researcher" in said
    # There is no database here: whoever took the role is told what is left to do.
    assert "the API keys of ada were not looked at" in said
    assert "algotrendy keys list --everybody" in said


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--tenant", "acme", "--role", "emperor"], Invalid),
        (["--tenant", "Acme!", "--role", "viewer"], Invalid),
        (["--tenant", "globex", "--role", "viewer"], Conflict),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    home: Path, arguments: list[str], error: type[Exception]
) -> None:
    env = {"ALGOTRENDY_NEW_PASSWORD": PASSWORD}
    run(*ADD, env=env)
    with pytest.raises(error):
        run("users", "add", "ada", *arguments, env=env)


def test_a_wrong_password_leaves_no_token(home: Path) -> None:
    run(*ADD, env={"ALGOTRENDY_NEW_PASSWORD": PASSWORD})
    with pytest.raises(Unauthenticated, match="the username or the password is wrong"):
        run("login", typed="ada\nwrong\n")
    assert not (home / "token.json").exists()


def test_without_a_deployment_the_command_says_how_to_get_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALGOTRENDY_USER_POOL_ID")
    forget()
    with pytest.raises(Unavailable, match="ALGOTRENDY_USER_POOL_ID, or run `algotrendy up`"):
        run("login", typed=f"ada\n{PASSWORD}\n")


@pytest.mark.parametrize(
    ("words", "variable"),
    [(["login", "ada"], "ALGOTRENDY_PASSWORD"), (ADD, "ALGOTRENDY_NEW_PASSWORD")],
)
def test_without_a_terminal_the_variable_to_set_is_named(
    home: Path, words: list[str], variable: str
) -> None:
    with pytest.raises(Invalid, match=variable):
        run(*words)
