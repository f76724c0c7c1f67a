"""Hold the walls between rooms that import-linter cannot see: folders that are no packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILE_ROOMS = ("functions", "services", "infra_cdk")
# Made by `make published`, and as long as the API is wide.
MADE = {f"shared/algotrendy/client/{name}.py" for name in ("models", "operations")}


def imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("file", sources("functions"), ids=lambda f: str(f.relative_to(ROOT)))
def test_a_function_imports_the_product_and_no_other_function(file: Path) -> None:
    siblings = {other.stem for other in sources("functions")}
    roots = {name.split(".")[0] for name in imported_modules(file)}
    assert not roots & (siblings | set(FILE_ROOMS))
    assert not roots & {"boto3", "psycopg", "redis", "deltalake", "duckdb"}, (
        "a handler reaches the outside through a wiring, never by itself"
    )


@pytest.mark.parametrize("room", FILE_ROOMS)
def test_the_product_imports_none_of_the_rooms_that_start_it(room: str) -> None:
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources("shared/algotrendy")
        for name in imported_modules(file)
        if name.split(".")[0] == room
    ]
    assert guilty == []


def test_infrastructure_imports_no_function_and_no_service() -> None:
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources("infra_cdk")
        for name in imported_modules(file)
        if name.split(".")[0] in {"functions", "services"}
    ]
    assert guilty == []


def test_shared_is_a_folder_and_not_a_package() -> None:
    assert not (ROOT / "shared" / "__init__.py").exists()


@pytest.mark.parametrize(
    ("folder", "most"),
    [("shared", 420), ("functions", 100), ("services", 200), ("infra_cdk", 420), ("tests", 420)],
)
def test_no_module_has_grown_past_its_concept(folder: str, most: int) -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in sources(folder)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > most
    }
    assert {name: lines for name, lines in long.items() if name not in MADE} == {}
