"""Where a registry keeps images or charts: host, port and path, as the names of images have them."""

import re
from collections.abc import Iterator

from pydantic_core import PydanticCustomError

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT = r":[1-9][0-9]{0,4}"
_STEP = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
PLACE_PATTERN = rf"^({_LABEL}(\.{_LABEL})+({_PORT})?|{_LABEL}{_PORT})(/{_STEP})*$"
"""The form for editors; it bounds a port less narrowly than :func:`image_place`."""
CHARTS_PATTERN = PLACE_PATTERN.replace("^", "^oci://", 1)
_OCI = "oci://"
_PORTS = range(1, 65536)


def image_place(value: str) -> str:
    """The value, if images can be below it.

    Args:
        value: For example ``registry.example:5000/site``.

    Raises:
        PydanticCustomError: Says what is wrong first, and names the form that is allowed.
    """
    return _checked(value, value, "host[:port][/path] in lower case, for example registry.example:5000/site")


def chart_place(value: str) -> str:
    """The value, if charts can be below it: the same form behind ``oci://``.

    Raises:
        PydanticCustomError: Says what is wrong first, and names the form that is allowed.
    """
    allowed = "oci://host[:port][/path] in lower case, for example oci://registry.example:5000/site/charts"
    if not value.startswith(_OCI):
        raise _refusal("does not begin with oci://", allowed)
    return _checked(value, value.removeprefix(_OCI), allowed)


def _checked(value: str, place: str, allowed: str) -> str:
    for wrong in (*_wrong(place), *_wrong_parts(place)):
        raise _refusal(wrong, allowed)
    return value


def _refusal(what: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("registry_place", "{what}", {"what": what, "expected": allowed})


def _wrong(place: str) -> Iterator[str]:
    """What a place has that names no registry, the plainest first."""
    if any(one.isspace() for one in place):
        yield "has white space in it"
    if "://" in place:
        yield "has a scheme"
    if place != place.lower():
        yield "has upper-case letters in it"
    if "@" in place:
        yield "has an @ in it, as a digest or a user name has"
    if place.endswith("/"):
        yield "ends with a slash"


def _wrong_parts(place: str) -> Iterator[str]:
    """What is wrong with its path, port and host."""
    host, *path = place.split("/")
    if "" in path:
        yield "has an empty step in its path"
    if any(":" in step for step in path):
        yield "has a tag"
    name, colon, port = host.partition(":")
    if colon and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) in _PORTS):
        yield "has a port that is no number from 1 to 65535"
    if not all(re.fullmatch(_LABEL, label) for label in name.split(".")):
        yield "has a host that is no DNS name"
    if not colon and "." not in name:
        yield "has a host without a dot and without a port, which would be read as a folder of Docker Hub"
    if not all(re.fullmatch(_STEP, step) for step in path):
        yield "has a step in its path that is not letters and digits, parted by one dot, dashes or underscores"
