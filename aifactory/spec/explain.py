"""Pydantic's findings in this project's words: what is wrong, what is allowed, how to fix it."""

import difflib
import types
import typing
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aifactory.errors import Problem

_SCHEMA = "see stacks/stack.schema.json"
Location = tuple[int | str, ...]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Every model that an annotation can hold, through unions, tuples and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated, tuple, list):
        return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
    return []


def _model_at(root: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    models = [root]
    for step in location:
        if isinstance(step, int):
            continue
        nearer = [
            inner
            for model in models
            if step in model.model_fields
            for inner in _models_in(model.model_fields[step].annotation)
        ]
        if nearer:
            models = nearer
        else:  # the tag of a discriminated union names one of the models we already have
            models = [
                model
                for model in models
                if "kind" in model.model_fields and model.model_fields["kind"].default == step
            ] or models
    return models


def _path(root: type[BaseModel], location: Location) -> str:
    """The dotted path as it is written in the file: without pydantic's union tags."""
    steps: list[str] = []
    for position, step in enumerate(location):
        if isinstance(step, str) and position and not isinstance(location[position - 1], int):
            parents = _model_at(root, location[:position])
            tags = {model.model_fields["kind"].default for model in parents if "kind" in model.model_fields}
            if step in tags and all(step not in model.model_fields for model in parents):
                continue
        steps.append(str(step))
    return ".".join(steps)


def _choices(root: type[BaseModel], location: Location) -> str:
    fields = sorted({name for model in _model_at(root, location) for name in model.model_fields})
    return ", ".join(fields)


def _unknown(root: type[BaseModel], location: Location) -> Problem:
    name = str(location[-1])
    fields = sorted({field for model in _model_at(root, location[:-1]) for field in model.model_fields})
    near = difflib.get_close_matches(name, fields, n=1)
    fix = f"did you mean '{near[0]}'?" if near else "remove it"
    return Problem(_path(root, location), "unknown field", f"fields here: {', '.join(fields)}", fix)


def _allowed(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    kind = detail["type"]
    if "expected" in context:
        return f"allowed: {context['expected']}"
    if "expected_tags" in context:
        return f"allowed kinds: {context['expected_tags']}"
    if "pattern" in context:
        return f"must match {context['pattern']}"
    bounds = [f"{word} {context[key]}" for key, word in _BOUNDS.items() if key in context]
    if bounds:
        return "must be " + " and ".join(bounds)
    return _TYPES.get(kind, "must be valid")


_BOUNDS = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "min_length": "of length at least",
    "max_length": "of length at most",
}
_TYPES = {
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "float_parsing": "must be a number, without quotes",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping of fields",
    "model_type": "must be a mapping of fields",
    "tuple_type": "must be a list",
    "date_from_datetime_parsing": "must be a date such as 2027-06-30",
    "date_type": "must be a date such as 2027-06-30",
}


def _problem(root: type[BaseModel], detail: ErrorDetails) -> Problem:
    location = detail["loc"]
    kind = detail["type"]
    path = _path(root, location)
    if kind == "extra_forbidden":
        return _unknown(root, location)
    if kind == "missing":
        return Problem(
            path, "required field is missing", f"fields here: {_choices(root, location[:-1])}", "add it"
        )
    message = detail["msg"].removeprefix("Value error, ")
    return Problem(path, message[0].lower() + message[1:], _allowed(detail), _SCHEMA)


def explain(root: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Every finding of a pydantic error as a problem; values are never echoed.

    Args:
        root: The model that was validated.
        error: What pydantic raised for it.
    """
    details: Sequence[ErrorDetails] = error.errors(include_url=False, include_input=False)
    return sorted({_problem(root, detail) for detail in details})
