"""The one namer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.manifests.names import LIMIT, dns_label

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
PARTS = st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4)


@given(PARTS, st.integers(16, LIMIT))
def test_any_parts_give_a_valid_stable_name(parts: list[str], limit: int) -> None:
    """Whatever the parts, the name is a DNS label within the limit, and the same every time."""
    name = dns_label(*parts, limit=limit)

    assert LABEL.fullmatch(name), name
    assert len(name) <= limit
    assert dns_label(*parts, limit=limit) == name


@given(st.text(min_size=1, max_size=100), st.text(min_size=1, max_size=100))
def test_different_texts_give_different_names(one: str, other: str) -> None:
    """Texts that differ keep different names, also where characters are replaced or cut."""
    assert (dns_label(one) == dns_label(other)) == (one == other)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("train", "gpu"), "train-gpu"),
        (("a" * 63,), "a" * 63),
        (("Train",), "train-e99c90db"),
        (("no",), "no"),
        (("1e3",), "1e3"),
    ],
)
def test_worked_examples(parts: tuple[str, ...], name: str) -> None:
    """Valid parts are kept as they are; others get a hash."""
    assert dns_label(*parts) == name


@pytest.mark.parametrize("text", ["{{7*7}}", "a\n---\nb", "\u2028", "\0", "-", "../etc", "\ud800", "é" * 70])
def test_hostile_texts_are_tamed(text: str) -> None:
    """Separators, templates, control characters and lone surrogates never reach a name."""
    assert LABEL.fullmatch(dns_label(text))
