"""Write the methods of the Python client from the document: one for each operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from algotrendy.operations.client_models import HEADER, docstring, type_of
from algotrendy.operations.openapi_answers import IDEMPOTENCY_KEY
from algotrendy.operations.openapi_schemas import SCHEMAS, Json, operations_of, schema_of

_JSON = "application/json"
_IMPORTS = """\
from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

from algotrendy.client.models import (
{models})
from algotrendy.client.values import Number, Request, every, quoted

T = TypeVar("T")


class Operations(ABC):
    \"\"\"Has a method for each operation of the API; what sends them stands below it.\"\"\"

    @abstractmethod
    def call(
        self,
        method: str,
        path: str,
        answer: type[T] | Any,
        *,
        query: Mapping[str, object] | None = None,
        body: Request | None = None,
        keyed: bool = False,
        idempotency_key: str | None = None,
    ) -> T:
        \"\"\"Send a request, again where that is safe, and read its answer.\"\"\"
        ...

    @abstractmethod
    def fetch(self, path: str, media_type: str, query: Mapping[str, object]) -> bytes:
        \"\"\"Read an answer in another form than JSON, as it came.\"\"\"
        ...
"""


def methods_text(document: Json) -> str:
    """Write the module of methods, in the order of the document."""
    methods = [
        _Method(document, method, path, operation)
        for method, path, operation in operations_of(document)
    ]
    body = "".join(each.text() for each in methods)
    models = sorted(name for name in document["components"]["schemas"] if _is_named(name, body))
    listed = "".join(f"    {name},\n" for name in models)
    header = HEADER.format("Ask the API, one method an operation.")
    return header + _IMPORTS.replace("{models}", listed) + body


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.\"']){name}(?!\w)", text) is not None


@dataclass(frozen=True)
class _Method:
    document: Json
    method: str
    path: str
    operation: Json

    def text(self) -> str:
        text = self._plain()
        if self._next is not None:
            text += self._iterator(self._next)
        for media_type in self._good.get("content", ()):
            if media_type != _JSON:
                text += self._raw(media_type)
        return text

    @property
    def name(self) -> str:
        return str(self.operation["operationId"])

    @cached_property
    def _good(self) -> Json:
        found = next(v for k, v in self.operation["responses"].items() if k.startswith("2"))
        return dict(found)

    @cached_property
    def _answer(self) -> str:
        schema = self._good.get("content", {}).get(_JSON, {}).get("schema")
        return "None" if schema is None else type_of(schema, is_sent=False)

    @cached_property
    def _body(self) -> str | None:
        content = self.operation.get("requestBody", {}).get("content", {}).get(_JSON)
        return None if content is None else type_of(content["schema"], is_sent=True)

    @cached_property
    def _is_keyed(self) -> bool:
        names = {each["name"].lower() for each in self.operation.get("parameters", [])}
        return IDEMPOTENCY_KEY in names

    def _parameters(self, place: str) -> list[Json]:
        return [each for each in self.operation.get("parameters", []) if each["in"] == place]

    def _signature(self, *, leave_out: str = "", with_key: bool = True) -> list[str]:
        words = [f"{each['name']}: str" for each in self._parameters("path")]
        if self._body is not None:
            words.append(f"body: {self._body}")
        named = [_argument(each) for each in self._parameters("query") if each["name"] != leave_out]
        if self._is_keyed and with_key:
            named.append("idempotency_key: str | None = None")
        return words + (["*", *sorted(named, key=lambda word: " = " in word)] if named else [])

    def _query(self) -> str:
        names = [each["name"] for each in self._parameters("query")]
        return "\n" + _lines([f'"{name}": {_python(name)}' for name in names], 16)

    @cached_property
    def _path(self) -> str:
        if not self._parameters("path"):
            return f'"{self.path}"'
        return 'f"' + re.sub(r"\{(\w+)\}", r"{quoted(\1)}", self.path) + '"'

    def _plain(self) -> str:
        words = [f'"{self.method}"', self._path, self._answer]
        if self._parameters("query"):
            words.append(f"query={{{self._query()}            }}")
        if self._body is not None:
            words.append("body=body")
        if self._is_keyed:
            words += ["keyed=True", "idempotency_key=idempotency_key"]
        call = _lines(words, 12)
        text = docstring(str(self.operation.get("description", self.name)), 8)
        head = _head(self.name, self._signature(), self._answer)
        return f"{head}{text}        return self.call(\n{call}        )\n"

    @cached_property
    def _next(self) -> tuple[str, str, str] | None:
        """Give parameter, list and type of an item, where the answer is a page."""
        content = self._good.get("content", {}).get(_JSON)
        if content is None:
            return None
        schema = schema_of(self.document, content["schema"])
        fields = schema.get("properties", {})
        names = [each["name"] for each in self._parameters("query")]
        pages = [name for name in names if f"next_{name}" in fields]
        lists = [name for name, field in fields.items() if field.get("type") == "array"]
        if len(pages) != 1 or len(lists) != 1:
            return None
        items = fields[lists[0]]["items"]
        return pages[0], lists[0], type_of(items, is_sent=False)

    def _iterator(self, found: tuple[str, str, str]) -> str:
        parameter, items, kind = found
        name = "iterate_" + self.name.split("_", 1)[1]
        head = _head(name, self._signature(leave_out=parameter), f"Iterator[{kind}]")
        text = docstring(f"Give what ``{self.name}`` gives, one by one, page after page.", 8)
        words = [each["name"] for each in self._parameters("path")]
        others = [_python(each["name"]) for each in self._parameters("query")]
        words += [f"{other}={other}" for other in others if other != parameter]
        call = _lines([*words, f"{parameter}=place"], 16)
        return (
            f"{head}{text}\n"
            f"        def page(place: str | None) -> {self._answer}:\n"
            f"            return self.{self.name}(\n{call}            )\n\n"
            f"        return every(page, lambda it: it.{items}, lambda it: it.next_{parameter})\n"
        )

    def _raw(self, media_type: str) -> str:
        form = re.sub(r"\W+", "_", media_type.split("/")[1].removeprefix("vnd.apache."))
        form = form.removesuffix("_stream")
        head = _head(f"{self.name}_{form}", self._signature(with_key=False), "bytes")
        text = docstring(f"Give what ``{self.name}`` gives as {media_type}, as it came.", 8)
        words = [self._path, f'"{media_type}"', f"{{{self._query()}            }}"]
        return f"{head}{text}        return self.fetch(\n{_lines(words, 12)}        )\n"


def _head(name: str, signature: list[str], answer: str) -> str:
    words = _lines(["self", *signature], 8)
    return f"\n    def {name}(\n{words}    ) -> {answer}:\n"


def _lines(words: list[str], indent: int) -> str:
    return "".join(f"{' ' * indent}{word},\n" for word in words)


def _argument(parameter: Json) -> str:
    schema: Any = parameter["schema"]
    kind = type_of(schema, is_sent=True)
    # A word may be said as text, too, and any sequence for a list.
    for word in sorted(set(re.findall(SCHEMAS + r"(\w+)", str(schema)))):
        kind = re.sub(rf"\b{word}\b", f"{word} | str", kind)
    kind = kind.replace("list[", "Sequence[")
    name = _python(parameter["name"])
    if parameter.get("required"):
        return f"{name}: {kind}"
    return f"{name}: {kind if 'None' in kind else f'{kind} | None'} = None"


def _python(name: str) -> str:
    return re.sub(r"\W", "_", name)
