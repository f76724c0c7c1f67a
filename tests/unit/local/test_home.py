import os
import stat
from pathlib import Path

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.local.home import (
    Home,
    Ports,
    current_home,
    load_environment,
    project_root,
    read_environment_file,
    write_atomically,
    write_environment_file,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    write_environment_file(
        home.environment_file,
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_REGION": "us-east-1",
            "ALGOTRENDY_STAGE": "local",
            "ALGOTRENDY_DATABASE_URL": "postgresql://local/algotrendy?host=%2Fx",
        },
    )
    return home


def at(home: Home, **more: str) -> dict[str, str]:
    return {"ALGOTRENDY_HOME": str(home.root), **more}


def test_a_process_is_pointed_at_the_local_platform(home: Home) -> None:
    environment = at(home)
    load_environment(environment)
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["ALGOTRENDY_DATABASE_URL"] == "postgresql://local/algotrendy?host=%2Fx"


def test_what_is_set_already_stays(home: Home) -> None:
    environment = at(home, ALGOTRENDY_DATABASE_URL="postgresql://mine/db")
    load_environment(environment)
    assert environment["ALGOTRENDY_DATABASE_URL"] == "postgresql://mine/db"


def test_real_credentials_and_a_profile_never_reach_the_emulator(home: Home) -> None:
    environment = at(
        home, AWS_ACCESS_KEY_ID="AKIAREAL", AWS_SESSION_TOKEN="real", AWS_PROFILE="work"
    )
    load_environment(environment)
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert "AWS_SESSION_TOKEN" not in environment
    assert "AWS_PROFILE" not in environment


def test_an_endpoint_of_ones_own_keeps_the_aws_variables_together(home: Home) -> None:
    environment = at(home, AWS_ENDPOINT_URL="http://other:1", AWS_ACCESS_KEY_ID="mine")
    load_environment(environment)
    assert environment["AWS_ENDPOINT_URL"] == "http://other:1"
    assert environment["AWS_ACCESS_KEY_ID"] == "mine"


def test_another_stage_reads_nothing_of_the_local_platform(home: Home) -> None:
    environment = at(home, ALGOTRENDY_STAGE="prod", AWS_PROFILE="work")
    before = dict(environment)
    load_environment(environment)
    assert environment == before


def test_a_platform_that_was_never_up_changes_nothing(tmp_path: Path) -> None:
    environment = {"ALGOTRENDY_HOME": str(tmp_path), "AWS_PROFILE": "work"}
    before = dict(environment)
    load_environment(environment)
    assert environment == before


def test_the_environment_file_is_for_its_owner_only(home: Home) -> None:
    assert stat.S_IMODE(home.environment_file.stat().st_mode) == 0o600


def test_a_missing_environment_file_reads_as_empty(tmp_path: Path) -> None:
    assert read_environment_file(tmp_path / "none") == {}


def test_the_home_is_the_one_that_the_environment_names(tmp_path: Path) -> None:
    assert current_home({"ALGOTRENDY_HOME": str(tmp_path / "mine")}).root == tmp_path / "mine"


def test_without_a_name_the_home_lies_in_the_project() -> None:
    assert current_home({}).root == project_root() / ".algotrendy"


def test_ports_come_from_the_environment_or_their_defaults() -> None:
    assert Ports.from_environment({}) == Ports(
        emulator=4566, cache=6380, exchange=4580, execution=4590, streaming=4595, status=4597
    )
    assert Ports.from_environment({"ALGOTRENDY_CACHE_PORT": "7000"}) == Ports(4566, 7000)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "45.5"])
def test_a_port_that_is_none_names_its_variable(text: str) -> None:
    with pytest.raises(Invalid, match="ALGOTRENDY_EMULATOR_PORT must be a port number"):
        Ports.from_environment({"ALGOTRENDY_EMULATOR_PORT": text})


def test_a_long_home_gets_a_socket_folder_that_fits_a_socket_address() -> None:
    deep = Home(Path("/") / "/".join(["a-rather-long-name"] * 8))
    assert len(os.fsencode(deep.socket_folder / ".s.PGSQL.5432.lock")) < 104
    assert Home(Path("/short")).socket_folder == Path("/short/run/pg")


def test_two_long_homes_do_not_share_a_socket_folder() -> None:
    deep = "/" + "/".join(["a-rather-long-name"] * 8)
    assert Home(Path(deep, "a")).socket_folder != Home(Path(deep, "b")).socket_folder


def test_a_failed_write_leaves_the_old_text_and_no_scrap(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_atomically(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "new \udc80")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
