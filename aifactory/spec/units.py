"""Named types of stack-file values, so that a field's unit and form are in its type."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

STACK_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")
"""Form of a stack's name; it has to match in full."""


class Section(BaseModel):
    """Base of every section: frozen, strict about unknown fields, described by its docstrings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        why = " (host bits are set)" if "host bits" in str(error) else ""
        raise ValueError(f"is not a network in CIDR form{why}, for example 10.0.0.0/16") from error


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError("is not an IP address, for example 10.0.0.10") from error


DnsLabel = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", min_length=1, max_length=40)
]
"""Lower-case letters, digits and dashes, at most 40, so that names derived from it stay under 63."""

StackName = Annotated[str, StringConstraints(pattern=rf"^{STACK_NAME.pattern}$")]
"""Name of a stack, and so of its file ``Pulumi.<stack>.yaml``."""

DataTag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$")]
"""A kind of data with a placement rule: a row of the catalogue's ``residency``."""

LabelKey = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9.-]{1,190}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]
Cidr = Annotated[str, AfterValidator(_network)]
IpAddress = Annotated[str, AfterValidator(_address)]
Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Replicas = Annotated[int, Field(ge=2, le=128, strict=True)]
"""Sharing replicas per GPU; the device plugin refuses fewer than 2."""

Megawatts = Annotated[float, Field(gt=0, le=100_000, strict=True)]
Share = Annotated[float, Field(gt=0, le=1, strict=True)]
"""A part of a whole, above 0 and up to 1."""

Seconds = Annotated[int, Field(ge=0, le=86_400, strict=True)]
Tebibytes = Annotated[float, Field(gt=0, le=10_000_000, strict=True)]
GigabytesPerSecond = Annotated[float, Field(gt=0, le=1_000_000, strict=True)]
Percent = Annotated[str, StringConstraints(pattern=r"^([1-9]?[0-9]|100)%$")]
