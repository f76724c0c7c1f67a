"""Bring the files of a project at QuantConnect to what they are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path

from algotrendy.brokers.quantconnect.client import QuantConnect
from algotrendy.brokers.quantconnect.models import Project
from algotrendy.kernel.errors import Invalid, Rejected, Unknown

MAIN_FILES = {".py": "main.py", ".cs": "Main.cs"}
_SUFFIXES = frozenset({".py", ".cs", ".ipynb"})
_LANGUAGES = {"main.py": "Py", "Main.cs": "C#"}


class Change(StrEnum):
    """What a push does to a file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    LEFT = "left there"  # only there, and not asked to be deleted


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a push does to one file, and how many lines come and go."""

    name: str
    change: Change
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did, or would do; ``project`` is None where one would be made."""

    project: Project | None
    is_new: bool
    changes: tuple[FileChange, ...]


def read_source(path: Path) -> dict[str, str]:
    """Read a folder's source files by their names in the project, or one strategy file as main.

    Hidden files, caches and links are left out.

    Raises:
        Invalid: If there is nothing to push, no main file, or a file that is no text.
    """
    if path.is_file():
        main = MAIN_FILES.get(path.suffix)
        if main is None:
            raise Invalid("path", "a folder, or a file that ends in .py or .cs", str(path))
        return {main: _text(path)}
    if not path.is_dir():
        raise Invalid("path", "a folder or a file that is there", str(path))
    found = {file.relative_to(path).as_posix(): _text(file) for file in _sources(path)}
    if not found.keys() & _LANGUAGES.keys():
        raise Invalid("path", "a folder with main.py or Main.cs in it", str(path))
    return found


def compare(
    local: Mapping[str, str], remote: Mapping[str, str], *, delete: bool
) -> tuple[FileChange, ...]:
    """Say what has to change there; line endings do not count."""
    changes = []
    for name in sorted(local.keys() | remote.keys()):
        before, after = _lines(remote.get(name)), _lines(local.get(name))
        if name not in local:
            kind = Change.DELETED if delete else Change.LEFT
            changes.append(FileChange(name, kind, removed=len(before) if delete else 0))
            continue
        told = [line[:1] for line in unified_diff(before, after, n=0, lineterm="")][2:]
        kind = Change.UPDATED if before != after else Change.UNCHANGED
        if name not in remote:
            kind = Change.CREATED
        changes.append(FileChange(name, kind, told.count("+"), told.count("-")))
    return tuple(changes)


async def push(
    client: QuantConnect,
    name: str,
    local: Mapping[str, str],
    *,
    delete: bool = False,
    dry_run: bool = False,
) -> Pushed:
    """Make the project where there is none, and write the files that differ.

    A push that was broken off, or whose answers were lost, is mended by the next one.

    Args:
        name: The project's name or, of one that is there, its id.
        delete: Delete files that are only there.
        dry_run: Change nothing, say what would change.
    """
    project = await client.projects.named(name)
    is_new = project is None
    if project is None:
        if dry_run:
            return Pushed(None, True, compare(local, {}, delete=delete))
        project = await _created(client, name, _language(local))
    # A new project has a main file already.
    remote = await _remote(client, project)
    changes = compare(local, remote, delete=delete)
    if not dry_run:
        for change in changes:
            await _apply(client, project, change, local)
    return Pushed(project, is_new, changes)


async def _created(client: QuantConnect, name: str, language: str) -> Project:
    try:
        return await client.projects.create(name, language)
    except Unknown:
        if found := await client.projects.named(name):
            return found
        raise


async def _remote(client: QuantConnect, project: Project) -> dict[str, str]:
    return {file.name: file.content or "" for file in await client.files.read(project.project_id)}


async def _apply(
    client: QuantConnect, project: Project, change: FileChange, local: Mapping[str, str]
) -> None:
    number, name = project.project_id, change.name
    try:
        match change.change:
            case Change.CREATED:
                await client.files.create(number, name, local[name])
            case Change.UPDATED:
                await client.files.update(number, name, local[name])
            case Change.DELETED:
                await client.files.delete(number, name)
            case Change.UNCHANGED | Change.LEFT:
                return
    except Unknown:
        # The answer was lost; what is there tells.
        if _lines((await _remote(client, project)).get(name)) != _lines(local.get(name)):
            raise


def _language(local: Mapping[str, str]) -> str:
    return next(language for main, language in _LANGUAGES.items() if main in local)


def _sources(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        is_hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        is_linked = any(folder.joinpath(*parts[:n]).is_symlink() for n in range(1, len(parts) + 1))
        if file.suffix in _SUFFIXES and file.is_file() and not (is_hidden or is_linked):
            yield file


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("path", "text in UTF-8", str(file)) from error
    except OSError as error:
        raise Rejected(f"{file} cannot be read: {error.strerror}", file=str(file)) from error


def _lines(text: str | None) -> list[str]:
    return [] if text is None else text.replace("\r\n", "\n").rstrip("\n").split("\n")
