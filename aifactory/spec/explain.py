"""Pydantic's findings in this project's words: what is wrong, what is allowed, how to fix it."""

import difflib
import types
import typing
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aifactory.errors import Problem

_SCHEMA = "see stacks/stack.schema.json"
_TAG = "kind"
"""The field that tells the members of every union apart."""
_KEY = "[key]"
"""What pydantic appends where the key of a mapping is wrong, and not its value."""
Location = tuple[int | str, ...]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Every model that an annotation can hold, through unions, tuples and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated, tuple, list):
        return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
    return []


def _tag(model: type[BaseModel]) -> str:
    return str(model.model_fields[_TAG].default)


@dataclass(frozen=True)
class _Place:
    """A place of the file.

    Attributes:
        path: The dotted path as it is written in the file: without pydantic's union tags.
        models: What may stand there; empty for a scalar and for a mapping of free keys.
    """

    path: str
    models: list[type[BaseModel]]

    @property
    def fields(self) -> list[str]:
        return sorted({name for model in self.models for name in model.model_fields})

    @property
    def kinds(self) -> str:
        return ", ".join(sorted(_tag(model) for model in self.models))


def _place(root: type[BaseModel], location: Location) -> _Place:
    models, steps = [root], []
    for step in location:
        if isinstance(step, str) and len(models) > 1:  # the tag that pydantic chose a member of a union by
            models = [model for model in models if _tag(model) == step]
            continue
        if step != _KEY:
            steps.append(str(step))
        if isinstance(step, str):
            field = models[0].model_fields.get(step) if models else None
            models = _models_in(field.annotation) if field else []
    return _Place(".".join(steps), models)


def _allowed(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if "expected" in context:
        return f"allowed: {context['expected']}"
    if "pattern" in context:
        return f"must match {context['pattern']}"
    bounds = [f"{word} {context[key]}" for key, word in _BOUNDS.items() if key in context]
    if bounds:
        return "must be " + " and ".join(bounds)
    return _TYPES.get(detail["type"], "must be valid")


_BOUNDS = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "min_length": "of length at least",
    "max_length": "of length at most",
}
_WHAT = {
    "string_pattern_mismatch": "is not of the form expected here",
    "literal_error": "is not one of the values allowed here",
    "enum": "is not one of the values allowed here",
    "date_from_datetime_parsing": "is not a date",
    "date_from_datetime_inexact": "is a time, not a date",
    "date_type": "is not a date",
    "tuple_type": "is not a list",
    "dict_type": "is not a mapping",
    "model_type": "is not a mapping",
    "too_short": "has too few entries",
}
"""Where pydantic's own words repeat what is allowed, or say too little."""
_DATE = "must be a date such as 2027-06-30"
_TYPES = {
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "string_type": "must be text, and a number or date needs quotes to be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping of fields",
    "model_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_type": _DATE,
}


def _problem(root: type[BaseModel], detail: ErrorDetails) -> Problem:
    location, kind = detail["loc"], detail["type"]
    here = _place(root, location)
    around = _place(root, location[:-1])
    fields = f"fields here: {', '.join(around.fields)}"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), around.fields, n=1)
        return Problem(
            here.path, "unknown field", fields, f"did you mean '{near[0]}'?" if near else "remove it"
        )
    if kind == "missing":
        return Problem(here.path, "required field is missing", fields, "add it")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        what = "required field is missing" if kind == "union_tag_not_found" else "there is no such kind"
        return Problem(f"{here.path}.{_TAG}", what, f"kinds: {here.kinds}", "name one of them")
    message = detail["msg"].removeprefix("Value error, ")
    what = _WHAT.get(kind, message[:1].lower() + message[1:])
    return Problem(here.path, what, _allowed(detail), _SCHEMA)


def explain(root: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Every finding of a pydantic error as a problem, sorted by path; values are never echoed.

    Args:
        root: The model that was validated.
        error: What pydantic raised for it.
    """
    details = error.errors(include_url=False, include_input=False)
    inner = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return sorted(
        {
            _problem(root, detail)
            for detail in details
            if not (
                detail["type"] == "too_short" and detail["loc"] in inner
            )  # entries that are wrong do count
        }
    )
