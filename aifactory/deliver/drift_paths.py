"""Where a wanted value and a live one differ, as paths to fields."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

FieldPath = tuple[str, ...]
"""Steps from an object to one of its fields; the index of a list's element is a step too."""


def differing(wanted: JsonValue, live: JsonValue, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Paths at which the live value lacks or contradicts what is wanted; fields of others are ignored."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for name, value in wanted.items():
            if name not in live:
                if value not in (None, {}, []):
                    yield (*path, name)
            else:
                yield from differing(value, live[name], (*path, name))
    elif isinstance(wanted, list) and isinstance(live, list):
        if len(wanted) != len(live):
            yield path
            return
        for index, (mine, theirs) in enumerate(zip(wanted, live, strict=True)):
            yield from differing(mine, theirs, (*path, str(index)))
    elif wanted != live or isinstance(wanted, bool) != isinstance(live, bool):  # in Python 1 equals True
        yield path


def differences(wanted: JsonValue, live: JsonValue) -> Iterator[str]:
    """The same as :func:`differing`, each path as a person writes it: steps with dots between."""
    return map(".".join, differing(wanted, live))


def value_at(value: JsonValue, path: FieldPath) -> JsonValue:
    """The value at a path; None where there is none."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
