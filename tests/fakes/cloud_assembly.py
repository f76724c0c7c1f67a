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

    def resources(self, kind: str, stack: str | None = None) -> dict[str, Json]:
        """Give the resources of one type, of one or all stacks, by logical id.

        Where two stacks have the same one, the later is named with its stack before it.
        """
        found: dict[str, Json] = {}
        for name, template in self.templates.items():
            if stack is not None and name != stack:
                continue
            for logical_id, resource in template["Resources"].items():
                if resource["Type"] == kind:
                    key = f"{name}.{logical_id}" if logical_id in found else logical_id
                    found[key] = resource
        return found

    def properties(self, kind: str, stack: str | None = None) -> list[Json]:
        return [resource["Properties"] for resource in self.resources(kind, stack).values()]

    def function(self, name: str) -> tuple[str, Json]:
        """Find a function by the part of its name after the stage."""
        found = [
            (logical_id, resource["Properties"])
            for logical_id, resource in self.resources("AWS::Lambda::Function").items()
            if resource["Properties"]["FunctionName"] == f"algotrendy-{self.name}-{name}"
        ]
        assert len(found) == 1, name
        return found[0]
