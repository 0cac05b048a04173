"""The platform a tool runs on, spelled as Go and most vendors spell it."""

import platform
from dataclasses import dataclass

_ARCHES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Platform:
    """An operating system and a processor architecture.

    Attributes:
        os: ``linux`` or ``darwin``.
        arch: ``amd64`` or ``arm64``; another machine keeps its own name, and no download fits it.
    """

    os: str
    arch: str

    def __str__(self) -> str:
        return f"{self.os}-{self.arch}"


def current_platform() -> Platform:
    """The platform this process runs on."""
    machine = platform.machine().lower()
    return Platform(platform.system().lower(), _ARCHES.get(machine, machine))
