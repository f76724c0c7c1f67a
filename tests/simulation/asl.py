"""Interpret the subset of the Amazon States Language that our sagas are written in.

States are coroutines on the virtual loop. What is not in the subset raises, so that a
definition can never mean less here than in the cloud.

Source: https://states-language.net/spec.html
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Json = Any
Task = Callable[[str, Mapping[str, Json], str | None], Awaitable[Json]]

INVOKE = "arn:aws:states:::lambda:invoke"
SEND = "arn:aws:states:::sqs:sendMessage"
WAITING = ".waitForTaskToken"
_COMMON = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath", "QueryLanguage"}
_DATA = {"Parameters", "ResultPath", "ResultSelector"}
_FIELDS = {
    "Task": _COMMON | _DATA | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "Retry"}
    | {"Catch", "HeartbeatSeconds"},
    "Pass": _COMMON | {"Parameters", "ResultPath", "Result"},
    "Wait": _COMMON | {"Seconds", "SecondsPath"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Succeed": _COMMON,
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
}  # fmt: skip
_ARGUMENT = re.compile(
    r"\s*('(?:[^'\\]|\\.)*'|\$[^,()\s]*|-?\d+(?:\.\d+)?|true|false|null)\s*(?:,|$)"
)


class StatesError(Exception):
    """An error as a state names it: its name is what Retry and Catch look at."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


class Execution:
    """One run of a definition.

    Args:
        task: Does what a resource does: ``task(resource, parameters, token)``. For a resource that
            waits for a task token it returns once the token was answered.
        jitter: Draws a part of a wait between attempts, from 0 to 1.
    """

    def __init__(
        self,
        definition: Mapping[str, Json],
        name: str,
        given: Json,
        task: Task,
        new_token: Callable[[], str],
        wall: Callable[[], str],
        jitter: Callable[[], float],
    ) -> None:
        self.name = name
        self.state = ""
        self._definition = definition
        self._given = given
        self._task = task
        self._new_token = new_token
        self._wall = wall
        self._jitter = jitter
        self._context: dict[str, Json] = {
            "Execution": {"Name": name, "Id": name, "Input": given, "StartTime": wall()},
            "StateMachine": {"Name": "saga", "Id": "saga"},
        }

    async def run(self) -> Json:
        """Go from the first state to the last; raises StatesError when it fails."""
        data, self.state = copy.deepcopy(self._given), self._definition["StartAt"]
        while True:
            state = self._definition["States"][self.state]
            check_fields(self.state, state)
            self._context["State"] = {
                "Name": self.state,
                "EnteredTime": self._wall(),
                "RetryCount": 0,
            }
            following, data = await self._step(state, data)
            if following is None:
                return data
            self.state = following

    async def _step(self, state: Mapping[str, Json], data: Json) -> tuple[str | None, Json]:
        given = self._path(state.get("InputPath", "$"), data)
        kind = state["Type"]
        if kind == "Task":
            return await self._attempts(state, data, given)
        if kind == "Choice":
            return self._choice(state, given), self._out(state, given)
        if kind == "Wait":
            seconds = state.get("Seconds")
            if seconds is None:
                seconds = self._path(state["SecondsPath"], given)
            await asyncio.sleep(float(seconds))
            return state.get("Next"), self._out(state, given)
        if kind == "Pass":
            result = self.fill(state["Parameters"], given) if "Parameters" in state else given
            result = state.get("Result", result)
            return state.get("Next"), self._out(state, self._put(state, data, result))
        if kind == "Succeed":
            return None, self._out(state, given)
        error = state.get("Error") or self._path(state.get("ErrorPath", "$"), given)
        cause = state.get("Cause") or self._path(state.get("CausePath", "$"), given)
        raise StatesError(str(error), str(cause))

    async def _attempts(
        self, state: Mapping[str, Json], data: Json, given: Json
    ) -> tuple[str | None, Json]:
        retried = [0] * len(state.get("Retry", ()))
        while True:
            try:
                result = await self._once(state, given)
            except StatesError as error:
                wait = self._retry(state, error.name, retried)
                if wait is not None:
                    await asyncio.sleep(wait)
                    self._context["State"]["RetryCount"] += 1
                    continue
                return self._caught(state, data, error)
            if "ResultSelector" in state:
                result = self.fill(state["ResultSelector"], result)
            return state.get("Next"), self._out(state, self._put(state, data, result))

    async def _once(self, state: Mapping[str, Json], given: Json) -> Json:
        resource = state["Resource"]
        token = self._new_token() if resource.endswith(WAITING) else None
        self._context["Task"] = {"Token": token}
        parameters = self.fill(state["Parameters"], given) if "Parameters" in state else given
        if "TimeoutSecondsPath" in state:
            limit = float(self._path(state["TimeoutSecondsPath"], given))
        else:
            limit = float(state.get("TimeoutSeconds", 60))
        if "HeartbeatSeconds" in state:
            # Nobody of ours sends heartbeats, so the shorter of the two counts.
            limit = min(limit, float(state["HeartbeatSeconds"]))
        try:
            async with asyncio.timeout(limit):
                return await self._task(resource, parameters, token)
        except TimeoutError as error:
            raise StatesError("States.Timeout", f"{self.state} after {limit} s") from error

    def _retry(self, state: Mapping[str, Json], name: str, retried: list[int]) -> float | None:
        for index, rule in enumerate(state.get("Retry", ())):
            if not matches(rule["ErrorEquals"], name):
                continue
            if retried[index] >= rule.get("MaxAttempts", 3):
                return None
            wait = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** retried[index]
            retried[index] += 1
            wait = min(float(wait), float(rule.get("MaxDelaySeconds", wait)))
            return wait * self._jitter() if rule.get("JitterStrategy") == "FULL" else wait
        return None

    def _caught(
        self, state: Mapping[str, Json], data: Json, error: StatesError
    ) -> tuple[str, Json]:
        for rule in state.get("Catch", ()):
            if matches(rule["ErrorEquals"], error.name):
                found = {"Error": error.name, "Cause": error.cause}
                return rule["Next"], put(rule.get("ResultPath", "$"), data, found)
        raise error

    def _choice(self, state: Mapping[str, Json], given: Json) -> str:
        for rule in state["Choices"]:
            if self._holds(rule, given):
                return str(rule["Next"])
        if "Default" not in state:
            raise StatesError("States.NoChoiceMatched", self.state)
        return str(state["Default"])

    def _holds(self, rule: Mapping[str, Json], given: Json) -> bool:
        if "And" in rule:
            return all(self._holds(each, given) for each in rule["And"])
        if "Or" in rule:
            return any(self._holds(each, given) for each in rule["Or"])
        if "Not" in rule:
            return not self._holds(rule["Not"], given)
        ((test, wanted),) = (
            (key, value)
            for key, value in rule.items()
            if key not in ("Variable", "Next", "Comment")
        )
        if test == "IsPresent":
            return self._is_present(rule["Variable"], given) is wanted
        value = self._path(rule["Variable"], given)
        if test.endswith("Path"):
            test, wanted = test.removesuffix("Path"), self._path(wanted, given)
        return _TESTS[test](value, wanted)

    def _is_present(self, path: str, given: Json) -> bool:
        try:
            self._path(path, given)
        except StatesError:
            return False
        return True

    def fill(self, template: Json, given: Json) -> Json:
        """Fill a payload template in: names that end in ``.$`` are paths or functions."""
        if isinstance(template, Mapping):
            return {
                (key.removesuffix(".$")): (
                    self._value(value, given) if key.endswith(".$") else self.fill(value, given)
                )
                for key, value in template.items()
            }
        if isinstance(template, list):
            return [self.fill(each, given) for each in template]
        return template

    def _value(self, text: str, given: Json) -> Json:
        return self._path(text, given) if text.startswith("$") else self._function(text, given)

    def _function(self, text: str, given: Json) -> Json:
        name, _, rest = text.partition("(")
        arguments = [self._argument(each, given) for each in _ARGUMENT.findall(rest[:-1])]
        if name == "States.Format":
            pattern, *values = arguments
            parts = str(pattern).split("{}")
            if len(parts) != len(values) + 1:
                raise StatesError("States.IntrinsicFailure", text)
            words = [each if isinstance(each, str) else json.dumps(each) for each in values]
            return "".join(a + b for a, b in zip(parts, [*words, ""], strict=True))
        if name == "States.JsonToString":
            return json.dumps(arguments[0])
        if name == "States.StringToJson":
            return json.loads(arguments[0])
        if name == "States.Hash":
            text, algorithm = arguments
            return hashlib.new(str(algorithm).replace("-", "").lower(), text.encode()).hexdigest()
        if name == "States.MathAdd":
            return arguments[0] + arguments[1]
        raise ValueError(f"the simulation does not know {name}")

    def _argument(self, text: str, given: Json) -> Json:
        if text.startswith("'"):
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        return self._path(text, given) if text.startswith("$") else json.loads(text)

    def _path(self, path: str | None, given: Json) -> Json:
        if path is None:
            return {}
        found, rest = (self._context, path[2:]) if path.startswith("$$") else (given, path[1:])
        for name in filter(None, re.split(r"\.|\[(\d+)\]", rest)):
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, IndexError, TypeError) as error:
                message = f"{path} is not in {json.dumps(given)[:200]} at {self.state}"
                raise StatesError("States.ParameterPathFailure", message) from error
        return found

    def _put(self, state: Mapping[str, Json], data: Json, result: Json) -> Json:
        return put(state.get("ResultPath", "$"), data, result)

    def _out(self, state: Mapping[str, Json], data: Json) -> Json:
        return self._path(state.get("OutputPath", "$"), data)


def put(path: str | None, data: Json, result: Json) -> Json:
    """Put a result into data at a reference path; a null path drops it."""
    if path is None:
        return data
    names = [name for name in path[1:].split(".") if name]
    if not names:
        return result
    whole = copy.deepcopy(data)
    place = whole
    for name in names[:-1]:
        place = place.setdefault(name, {})
    place[names[-1]] = result
    return whole


def matches(rules: list[str], name: str) -> bool:
    """Say whether an error is one of those that a Retry or a Catch names."""
    if "States.ALL" in rules or name in rules:
        return True
    return "States.TaskFailed" in rules and name != "States.Timeout"


def check_fields(name: str, state: Mapping[str, Json]) -> None:
    """Refuse what this interpreter would overlook."""
    strange = set(state) - _FIELDS[state["Type"]]
    if strange:
        raise ValueError(f"the simulation does not know {strange} of {name}")


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, wanted: isinstance(value, str) and value == wanted,
    "StringMatches": lambda value, wanted: isinstance(value, str) and fnmatchcase(value, wanted),
    "BooleanEquals": lambda value, wanted: isinstance(value, bool) and value is wanted,
    "NumericEquals": lambda value, wanted: value == wanted,
    "NumericLessThan": lambda value, wanted: value < wanted,
    "NumericLessThanEquals": lambda value, wanted: value <= wanted,
    "NumericGreaterThan": lambda value, wanted: value > wanted,
    "NumericGreaterThanEquals": lambda value, wanted: value >= wanted,
    "IsNull": lambda value, wanted: (value is None) is wanted,
    "IsString": lambda value, wanted: isinstance(value, str) is wanted,
    "IsBoolean": lambda value, wanted: isinstance(value, bool) is wanted,
    "IsNumeric": lambda value, wanted: isinstance(value, int | float) is wanted,
}
