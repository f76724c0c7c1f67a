"""Keep projects and their files as QuantConnect would, and answer calls about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from algotrendy.kernel.clock import Clock
from fakes.lean_engine import Deployment

Json = dict[str, Any]
MAX_PAGE = 100


class RefusedError(Exception):
    """Says that the cloud answers ``success: false``."""


@dataclass(slots=True)
class StoredProject:
    """A project, and all that belongs to it."""

    id: int
    name: str
    language: str
    created: datetime
    description: str = ""
    files: dict[str, str] = field(default_factory=dict)
    builds: dict[str, int] = field(default_factory=dict)
    backtests: dict[str, Json] = field(default_factory=dict)
    deployment: Deployment | None = None
    log: list[str] = field(default_factory=list)

    def as_json(self) -> Json:
        return {
            "projectId": self.id,
            "organizationId": "org",
            "name": self.name,
            "language": self.language,
            "description": self.description,
            "created": self.created.strftime("%Y-%m-%d %H:%M:%S"),
            "modified": self.created.strftime("%Y-%m-%d %H:%M:%S"),
            "ownerId": 1,
            "parameters": [],
        }


class ProjectCloud:
    """Projects and files; others add what is made of them.

    Attributes:
        polls: How often a backtest is read before it is done.
        build_polls: How often a build is.
    """

    def __init__(self, clock: Clock, polls: int) -> None:
        self.clock = clock
        self.polls = polls
        self.build_polls = polls
        self.projects: dict[int, StoredProject] = {}
        self._numbers = count(1001)
        self._calls: dict[str, Callable[[Json], Json]] = {
            "authenticate": lambda _: {},
            "projects/create": self._create_project,
            "projects/read": self._read_projects,
            "projects/update": self._update_project,
            "projects/delete": self._delete_project,
            "files/create": self._create_file,
            "files/read": self._read_files,
            "files/update": self._update_file,
            "files/delete": self._delete_file,
        }

    def call(self, path: str, body: Json) -> Json:
        """Answer one call.

        Raises:
            RefusedError: Where the cloud would say ``success: false``.
        """
        if path not in self._calls:
            raise RefusedError(f"Endpoint {path} not found")
        return self._calls[path](body)

    def _project(self, body: Json) -> StoredProject:
        found = self.projects.get(int(body.get("projectId", 0)))
        if found is None:
            raise RefusedError("Project not found")
        return found

    def _create_project(self, body: Json) -> Json:
        number = next(self._numbers)
        name = body["name"]
        if any(project.name == name for project in self.projects.values()):
            raise RefusedError(f"Project name {name} is taken")
        project = StoredProject(number, name, body["language"], self.clock.now())
        project.files["main.py"] = "# region imports\nfrom AlgorithmImports import *\n"
        self.projects[number] = project
        return {"projects": [project.as_json()]}

    def _read_projects(self, body: Json) -> Json:
        chosen = [self._project(body)] if "projectId" in body else self.projects.values()
        return {"projects": [project.as_json() for project in chosen], "versions": []}

    def _update_project(self, body: Json) -> Json:
        project = self._project(body)
        project.name = body.get("name", project.name)
        project.description = body.get("description", project.description)
        return {}

    def _delete_project(self, body: Json) -> Json:
        del self.projects[self._project(body).id]
        return {}

    def _create_file(self, body: Json) -> Json:
        files = self._project(body).files
        if body["name"] in files:
            raise RefusedError("File already exists")
        files[body["name"]] = body.get("content", "")
        return {}

    def _read_files(self, body: Json) -> Json:
        files = self._project(body).files
        if body.get("name", next(iter(files), "")) not in files:
            raise RefusedError("File not found")
        chosen = [body["name"]] if "name" in body else list(files)
        modified = "2026-11-20 10:00:00"
        return {"files": [{"name": n, "content": files[n], "modified": modified} for n in chosen]}

    def _update_file(self, body: Json) -> Json:
        files = self._project(body).files
        if body["name"] not in files:
            raise RefusedError("File not found")
        if "newName" in body:
            files[body["newName"]] = files.pop(body["name"])
        else:
            files[body["name"]] = body["content"]
        return {}

    def _delete_file(self, body: Json) -> Json:
        files = self._project(body).files
        if files.pop(body["name"], None) is None:
            raise RefusedError("File not found")
        return {}


def page_of(orders: list[Json], body: Json) -> Json:
    """Give the page of orders that was asked for."""
    start, end = body.get("start", 0), body["end"]
    if end - start >= MAX_PAGE:
        raise RefusedError("end - start must be less than 100")
    return {"orders": orders[start:end], "length": len(orders[start:end])}
