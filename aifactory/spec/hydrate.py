"""A stack with every value it works with, and whether the file gives it or the model's default does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, JsonValue

from aifactory.spec.stack import Stack

Origin = Literal["file", "default", "catalogue"]
"""Where a value is from: the stack file, the default of its field, or the catalogue for a field left out."""


class Leaf(NamedTuple):
    """A value and where it is from."""

    value: JsonValue
    origin: Origin


Tree: TypeAlias = "Leaf | dict[str, Tree] | list[Tree]"
"""Sections, lists of sections, and values; in the order of the models."""
Resolved = Mapping[str, Leaf]
"""What stands for a value that is none, by its dotted path."""


def _join(path: str, step: str | int) -> str:
    return f"{path}.{step}" if path else str(step)


def _mapping(path: str, value: Mapping[str, JsonValue], origin: Origin, resolved: Resolved) -> Tree:
    """A mapping of free keys, with the keys that are resolved beside them."""
    added = {
        place.removeprefix(f"{path}."): leaf
        for place, leaf in resolved.items()
        if place.startswith(f"{path}.")
    }
    merged: dict[str, Tree] = {**added, **{key: Leaf(inner, origin) for key, inner in value.items()}}
    return dict(sorted(merged.items())) or Leaf({}, origin)


def _section(section: BaseModel, path: str, resolved: Resolved, *, given: bool) -> dict[str, Tree]:
    plain = section.model_dump(mode="json")
    tree: dict[str, Tree] = {}
    for name in type(section).model_fields:
        inner: object = getattr(section, name)
        place = _join(path, name)
        is_given = given and name in section.model_fields_set
        origin: Origin = "file" if is_given else "default"
        if isinstance(inner, BaseModel):
            tree[name] = _section(inner, place, resolved, given=is_given)
        elif isinstance(inner, tuple) and any(isinstance(item, BaseModel) for item in inner):
            tree[name] = [
                _section(item, _join(place, index), resolved, given=is_given)
                for index, item in enumerate(inner)
                if isinstance(item, BaseModel)
            ]
        elif isinstance(inner, dict):
            tree[name] = _mapping(place, plain[name], origin, resolved)
        elif inner is None and place in resolved:
            tree[name] = resolved[place]
        else:
            tree[name] = Leaf(plain[name], origin)
    return tree


def hydrate(stack: Stack, resolved: Resolved) -> dict[str, Tree]:
    """Every value of a stack, in the order of the models.

    Args:
        stack: The stack as it was loaded, so that it knows which fields the file gives.
        resolved: Values that the plan takes for fields that are none.
    """
    return _section(stack, "", resolved, given=True)


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every value by its dotted path, the form that findings name places in."""
    if isinstance(tree, Leaf):
        yield path, tree
        return
    steps: Sequence[tuple[str | int, Tree]] = (
        list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))
    )
    for step, inner in steps:
        yield from leaves(inner, _join(path, step))
