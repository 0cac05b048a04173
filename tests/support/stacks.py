"""Small stacks to start a test from."""

import copy
from collections.abc import Mapping
from typing import Any

from aifactory.errors import StackInvalid
from aifactory.spec.load import stack_from_mapping
from aifactory.spec.stack import Stack

FILE = "stack.yaml"


def pool(**overrides: object) -> dict[str, Any]:
    """A pool of one rack, with some fields replaced."""
    return {"name": "train", "system": "dgx-b200", "nodes": 2, "service": "training", **overrides}


def tier(**overrides: object) -> dict[str, Any]:
    """A storage tier, with some fields replaced."""
    return {
        "name": "fast",
        "role": "scratch",
        "backend": "weka",
        "capacity_tib": 1000,
        "write_gbps": 100,
        "read_gbps": 200,
        **overrides,
    }


def minimal_stack(**overrides: object) -> dict[str, Any]:
    """The smallest valid stack, with sections replaced; a section of None is left out."""
    stack: dict[str, Any] = {
        "site": {"name": "korea-ulsan", "country": "KR", "region": "ulsan", "zones": ["hall-a"]},
        "phase": "pilot",
        "pools": [pool()],
        "services": [{"name": "training", "namespace": "training"}],
    }
    merged = {**stack, **overrides}
    return copy.deepcopy({key: value for key, value in merged.items() if value is not None})


def stack(**overrides: object) -> Stack:
    """The same as a Stack."""
    return stack_from_mapping(minimal_stack(**overrides), FILE)


def refusal(raw: object) -> list[str]:
    """The lines that a mapping is refused with, without the name of the file; empty if it is valid."""
    try:
        stack_from_mapping(raw, FILE)
    except StackInvalid as error:
        return [line.removeprefix(f"{FILE}: ") for line in str(error).splitlines()]
    return []


def with_at(raw: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with the value at a dotted path replaced."""
    copied: dict[str, Any] = copy.deepcopy(dict(raw))
    *parents, last = path.split(".")
    place: Any = copied
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = value
    return copied
