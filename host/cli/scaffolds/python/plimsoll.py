"""What a policy in Python is written with: settings, findings, verdicts, and the exports of the component.

It came with the plimsoll command that made this project, and is part of the project.
"""

import io
import json
import sys
import time
from types import SimpleNamespace

import wit_world.exports as exports
from componentize_py_types import Err
from wit_world.exports.about import Description, SettingsProblem
from wit_world.imports import types

# The world of the project exports one of them, or both.
try:
    from wit_world.exports import promotion
except ImportError:
    promotion = None
try:
    from wit_world.exports import tagging
except ImportError:
    tagging = None


class Failure(Exception):
    """Says that the policy cannot answer. Raise it; any other exception ends the question just so."""


def setting(default, description, **schema):
    """One setting: the JSON Schema of its value, by the type of its default."""
    return {"type": _type_of(default), "default": default, "description": description, **schema}


class Findings:
    """What each rule found, in one answer."""

    def __init__(self):
        self._all = []

    def passed(self, rule, message):
        """Notes that a rule is satisfied."""
        self._all.append(types.Finding(rule, types.RuleOutcome.PASSED, message))

    def failed(self, rule, message):
        """Notes that a rule is not satisfied."""
        self._all.append(types.Finding(rule, types.RuleOutcome.FAILED, message))

    def skipped(self, rule, message):
        """Notes that a rule had nothing to say."""
        self._all.append(types.Finding(rule, types.RuleOutcome.SKIPPED, message))

    @property
    def any_failed(self):
        return any(finding.outcome == types.RuleOutcome.FAILED for finding in self._all)

    def verdict(self):
        """Promotion: denies when a rule failed, and allows otherwise."""
        decision = promotion.Decision_Deny() if self.any_failed else promotion.Decision_Allow()
        return promotion.Verdict(decision, self._all)

    def hold(self, *conditions):
        """Promotion: not yet, until all conditions are met, such as `promotion.Condition_Time(unix)`."""
        return promotion.Verdict(promotion.Decision_Hold(list(conditions)), self._all)

    def plan(self, *tags, version=None, labels=(), annotations=()):
        """Tagging: build the image and give it these tags."""
        plan = tagging.Plan(version, list(tags), list(labels), list(annotations), self._all)
        return tagging.Derivation_Plan(plan)

    def refusal(self):
        """Tagging: build nothing."""
        return tagging.Derivation_Refusal(tagging.Refusal(self._all))


def create(name):
    """A tag that is new, and never moves."""
    return tagging.Tag(name, tagging.TagMode.CREATE)


def move(name):
    """A tag that moves to the image."""
    return tagging.Tag(name, tagging.TagMode.MOVE)


def describe_ref(ref):
    """A git reference for messages: "the branch `main`"."""
    match ref:
        case types.GitRef_Branch(name):
            return f"the branch `{name}`"
        case types.GitRef_Tag(name):
            return f"the tag `{name}`"
        case types.GitRef_PullRequest(number):
            return f"pull request {number}"
        case _:
            return "a commit without a branch"


class Policy:
    """Makes the exports of a component.

    `settings` are made by `setting`, by name; the rule sees them as attributes, with `_` for `-`. `check` finds what their
    types cannot say, and returns problems as pairs of a JSON Pointer and a message.
    """

    def __init__(self, name, version, summary, settings=None, check=lambda settings: []):
        self._shape = settings or {}
        self._check = check
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": self._shape,
            "additionalProperties": False,
        }
        self._description = Description(name, version, summary, json.dumps(schema))

    @property
    def about(policy):
        """The class `About` of the component."""

        class About(exports.About):
            def describe(self):
                return policy._description

            def check_settings(self, settings):
                _, problems = policy._read(settings)
                if problems:
                    raise Err([SettingsProblem(pointer, message) for pointer, message in problems])

        return About

    def tagging(policy, derive):
        """The class `Tagging` of the component."""

        class Tagging(exports.Tagging):
            def derive(self, request):
                return policy._answer(derive, request)

        return Tagging

    def promotion(policy, decide):
        """The class `Promotion` of the component."""

        class Promotion(exports.Promotion):
            def decide(self, request):
                return policy._answer(decide, request)

        return Promotion

    def _answer(self, question, request):
        try:
            settings, problems = self._read(request.settings)
            if problems:
                raise Failure("the settings are wrong: " + "; ".join(map(" ".join, problems)))
            return question(request, settings)
        except Failure as failure:
            message = str(failure)
        except Err as failure:
            # What an import raises: the contract's own failure.
            message = f"a look-up has no answer: {failure.value}"
        except BaseException as error:
            # Also `SystemExit`: nothing may leave without an answer.
            message = f"{type(error).__name__}: {error} ({_place(error)})"
        raise Err(types.Failure(message))

    def _read(self, text):
        """Reads settings from their JSON text, on top of the defaults."""
        values = {name: shape["default"] for name, shape in self._shape.items()}
        try:
            given = json.loads(text)
        except ValueError as error:
            return None, [("", str(error))]
        if not isinstance(given, dict):
            return None, [("", "must be an object")]
        problems = []
        for name, value in given.items():
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            if name not in self._shape:
                problems.append((pointer, "there is no such setting"))
            elif not _fits(value, self._shape[name]["type"]):
                problems.append((pointer, f"must be of the type {self._shape[name]['type']}"))
            else:
                values[name] = value
        settings = SimpleNamespace(**{name.replace("-", "_"): value for name, value in values.items()})
        return settings, problems or self._check(settings)


def _place(error):
    """The line that raised an exception. The module `traceback` would look for the source file, and there are no files."""
    place = error.__traceback__
    while place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"


# A bool is an int to Python, so it comes first.
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def _type_of(value):
    return next((name for kind, name in _TYPES.items() if isinstance(value, kind)), "null")


def _fits(value, name):
    return _type_of(value) == name or (name == "number" and _type_of(value) == "integer")


def _no_clock(*_):
    raise Failure("a policy has no clock; the time is in request.now")


# In the component there is no clock, and nowhere to print to. Without this, both would end the policy without a reason.
if sys.platform == "wasi":
    sys.stdout = sys.stderr = io.StringIO()
    for _name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"):
        setattr(time, _name, _no_clock)
