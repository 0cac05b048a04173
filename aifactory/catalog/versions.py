"""Versions of charts, images and drivers: read as numbers, compared, matched by prefix."""

import re

_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(?:-(rc|alpha|beta|dev|pre))?")


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: ``v26.7.0`` and ``26.7.0-ubuntu24.04`` are 26, 7, 0.

    Raises:
        ValueError: If the text begins with no number.
    """
    found = _NUMBERS.match(version)
    if found is None:
        raise ValueError(f"'{version}' is no version: it begins with no number")
    return tuple(int(part) for part in found[1].split("."))


def older(version: str, than: str) -> bool:
    """Whether a version comes before another; a pre-release comes before its release, missing parts are 0."""
    return _key(version, than) < _key(than, version)


def within(version: str, prefix: str) -> bool:
    """Whether a version belongs to a line: ``v26.7.0`` to ``26.7``, not to ``26.70`` or ``2``."""
    line = numbers(prefix)
    return numbers(version)[: len(line)] == line


def _key(version: str, other: str) -> tuple[tuple[int, ...], bool]:
    mine = numbers(version)
    padding = (0,) * max(0, len(numbers(other)) - len(mine))
    found = _NUMBERS.match(version)
    return mine + padding, found is not None and found[2] is None
