"""Read the templates that a synth has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Stage:
    """The templates of one stage."""

    def __init__(self, name: str, assembly: Path) -> None:
        self.name = name
        self.assembly = assembly
        self.templates: dict[str, Json] = {}
        for path in sorted(assembly.glob("*.template.json")):
            stack = path.name.removesuffix(".template.json").removeprefix(f"algotrendy-{name}-")
            self.templates[stack] = json.loads(path.read_text())

    @property
    def is_cloud(self) -> bool:
        return self.name != "local"

    def resources(self, kind: str) -> dict[str, Json]:
        """Give the resources of one type, of all stacks, by logical id."""
        return {
            logical_id: resource
            for template in self.templates.values()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def properties(self, kind: str) -> list[Json]:
        return [resource["Properties"] for resource in self.resources(kind).values()]

    def function(self, name: str) -> tuple[str, Json]:
        """Find a function by the part of its name after the stage."""
        found = [
            (logical_id, resource["Properties"])
            for logical_id, resource in self.resources("AWS::Lambda::Function").items()
            if resource["Properties"]["FunctionName"] == f"algotrendy-{self.name}-{name}"
        ]
        assert len(found) == 1, name
        return found[0]
