"""Versions, read as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.catalog.versions import numbers, older, within

PARTS = st.lists(st.integers(0, 999), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("v24.6.1", "v24.6.2", True),
        ("24.6.2", "v24.6.2", False),
        ("1.9.0", "1.10.0", True),
        ("1.17", "1.17.0", False),
        ("v26.7.0-rc.2", "v26.7.0", True),
        ("v26.7.0", "v26.7.0-rc.2", False),
        ("4.6.0-1-ubuntu24.04", "4.6.0", False),
        ("580.00.03", "580.00.3", False),
    ],
)
def test_worked_examples(version: str, than: str, expected: bool) -> None:
    """Numbers are compared as numbers, whatever stands before and after them; a pre-release is older."""
    assert older(version, than) is expected


@given(PARTS, PARTS)
def test_versions_are_in_one_order(one: list[int], other: list[int]) -> None:
    """Of two versions at most one is older, and neither is where they are equal but for zeros at the end."""
    a, b = (".".join(map(str, parts)) for parts in (one, other))

    assert not (older(a, b) and older(b, a))
    width = max(len(one), len(other))
    same = one + [0] * (width - len(one)) == other + [0] * (width - len(other))
    assert (not older(a, b) and not older(b, a)) == same


@given(PARTS, PARTS)
def test_a_version_is_within_its_own_lines(line: list[int], more: list[int]) -> None:
    """A version belongs to every prefix of itself, and a prefix never ends inside a number."""
    prefix, version = (".".join(map(str, parts)) for parts in (line, line + more))

    assert within(version, prefix)
    assert not within("26.70.0", "26.7")


def test_what_is_no_version_is_refused() -> None:
    """A text without a number at its beginning is named."""
    with pytest.raises(ValueError, match=r"^'latest' is no version: it begins with no number$"):
        numbers("latest")


def test_every_version_of_the_catalogue_is_one() -> None:
    """All pins, prefixes and fixed releases can be compared."""
    facts = catalog()
    texts = [row.version for row in facts.charts.values()] + [row.version for row in facts.images.values()]
    texts += [row.fixed_in for row in facts.known_bad.values()]
    texts += [prefix for row in facts.compatibility.values() for prefix in row.versions]

    assert all(numbers(text) for text in texts)
