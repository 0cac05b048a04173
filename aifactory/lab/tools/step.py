"""What every way of obtaining a tool has in common."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from aifactory.lab.tools.table import ToolSpec


class Source(StrEnum):
    """Where a tool came from."""

    PATH = "path"
    MIRROR = "mirror"
    DOWNLOAD = "download"
    GO_BUILD = "go-build"


class StepFailedError(Exception):
    """A step could not give the tool; the next step is tried.

    Args:
        reason: Why, as a clause.
        loud: Whether it is reported at once as a warning, as a wrong checksum is.
    """

    def __init__(self, reason: str, *, loud: bool = False) -> None:
        self.reason = reason
        self.loud = loud
        super().__init__(reason)


@dataclass(frozen=True)
class Obtained:
    """A tool as a step gave it.

    Attributes:
        source: Which kind of step.
        version: Its version.
        origin: Folder, address or module it came from, for the manifest and for people.
    """

    source: Source
    version: str
    origin: str


class Step(Protocol):
    """One way of obtaining a tool."""

    def obtain(self, spec: ToolSpec, target: Path) -> Obtained:
        """Write the tool to ``target``, which is a temporary name in the cache.

        Raises:
            StepFailedError: This way is closed; the next may be open.
        """
