"""The named types of stack-file values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aifactory.spec import units


def messages(kind: str, value: object) -> list[str]:
    """What is said about a value; empty if it is valid."""
    try:
        TypeAdapter(getattr(units, kind)).validate_python(value)
    except ValidationError as error:
        return [detail["msg"] for detail in error.errors()]
    return []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DnsLabel", "a"),
        ("DnsLabel", "a" * 40),
        ("DnsLabel", "rack-0"),
        ("LabelKey", "nvidia.com/gpu.product"),
        ("LabelKey", "rack"),
        ("LabelValue", ""),
        ("LabelValue", "NVIDIA-GB300"),
        ("Cidr", "10.0.0.0/16"),
        ("Cidr", "fd00::/48"),
        ("IpAddress", "fd00::1"),
        ("Count", 1),
        ("Replicas", 2),
        ("Percent", "0%"),
        ("Percent", "100%"),
        ("Tebibytes", 5),
        ("Tebibytes", 0.5),
    ],
)
def test_valid_values_pass(kind: str, value: object) -> None:
    """Each type takes the values it is made for."""
    assert messages(kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DnsLabel", ""),
        ("DnsLabel", "a" * 41),
        ("DnsLabel", "-a"),
        ("DnsLabel", "a\n"),
        ("DnsLabel", "Upper"),
        ("LabelValue", "v" * 64),
        ("LabelValue", "a\n"),
        ("LabelKey", "/a"),
        ("Count", 0),
        ("Count", True),
        ("Count", "3"),
        ("Count", 2.0),
        ("Replicas", 1),
        ("Percent", "101%"),
        ("Percent", "05%"),
        ("Tebibytes", 0),
        ("Tebibytes", float("nan")),
        ("Tebibytes", float("inf")),
        ("Tebibytes", True),
        ("Tebibytes", "5"),
    ],
)
def test_other_values_are_refused(kind: str, value: object) -> None:
    """Each type refuses what is near to valid: bounds, quotes, newlines, booleans as numbers, NaN."""
    assert len(messages(kind, value)) >= 1


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (
            "Cidr",
            "10.0.0.1/16",
            "is not a network in CIDR form (host bits are set), for example 10.0.0.0/16",
        ),
        ("Cidr", "hunter2", "is not a network in CIDR form, for example 10.0.0.0/16"),
        ("IpAddress", "hunter2", "is not an IP address, for example 10.0.0.10"),
    ],
)
def test_addresses_are_explained(kind: str, value: str, message: str) -> None:
    """A wrong address is explained with an example and without being echoed."""
    assert messages(kind, value) == [f"Value error, {message}"]


@given(st.ip_addresses())
def test_any_address_passes(address: object) -> None:
    """Any address of either family is one."""
    assert messages("IpAddress", str(address)) == []


@pytest.mark.parametrize("name", ["korea-pilot", "a", "a" * 42])
def test_stack_names_pass(name: str) -> None:
    """Lower-case letters, digits and inner dashes name a stack."""
    assert units.STACK_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a" * 43, "a\n", "..", "a/b", "a b", "é"])
def test_other_stack_names_do_not(name: str) -> None:
    """Nothing else does: no separators, no newline at the end."""
    assert not units.STACK_NAME.fullmatch(name)
