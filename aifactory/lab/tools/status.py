"""Where a tool stands, for people and for `aifactory doctor`; looks only."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aifactory.lab.tools.cache import Entry, EntryState
from aifactory.lab.tools.mirror import MirrorStep
from aifactory.lab.tools.onpath import OnPathAnswer
from aifactory.lab.tools.step import Source
from aifactory.lab.tools.table import ToolSpec


class ToolState(StrEnum):
    """State of a tool."""

    OK = "ok"
    MISSING = "missing"
    CORRUPT = "corrupt"


@dataclass(frozen=True)
class ToolStatus:
    """Where one tool stands.

    Attributes:
        name: The tool.
        pinned: Version in the table.
        found: Version found; empty where none was, or where the tool does not tell.
        source: Where it is from: ``path``, ``mirror``, ``download``, ``go-build``; empty where missing.
        path: The file; None where missing.
        state: ``ok``, ``missing`` or ``corrupt``.
        lanes: The lanes that need it.
        reason: Why it is not there and how it would be obtained; empty where it is fine.
    """

    name: str
    pinned: str
    found: str
    source: str
    path: Path | None
    state: ToolState
    lanes: tuple[str, ...]
    reason: str


def status_of(
    spec: ToolSpec, answer: OnPathAnswer, entry: Entry, mirror: MirrorStep, *, has_go: bool
) -> ToolStatus:
    """The status of a tool from what PATH and the cache have."""
    if answer.accepted is not None:
        return _found(spec, answer.version, Source.PATH.value, answer.accepted)
    if entry.state is EntryState.OK and entry.manifest is not None:
        return _found(spec, entry.manifest.version, entry.manifest.source, entry.path)
    plan = _plan(spec, mirror, has_go=has_go)
    if entry.state is EntryState.CORRUPT:
        reason = f"cached, but {entry.reason}; {plan}"
        return ToolStatus(spec.name, spec.version, "", "", entry.path, ToolState.CORRUPT, spec.lanes, reason)
    why = f"{answer.path} {answer.refusal}" if answer.path is not None else "not on PATH"
    cached = entry.reason if entry.state is EntryState.STALE else "not cached"
    reason = f"{why}; {cached}; {plan}"
    return ToolStatus(spec.name, spec.version, "", "", None, ToolState.MISSING, spec.lanes, reason)


def _found(spec: ToolSpec, version: str, source: str, path: Path) -> ToolStatus:
    return ToolStatus(spec.name, spec.version, version, source, path, ToolState.OK, spec.lanes, "")


def _plan(spec: ToolSpec, mirror: MirrorStep, *, has_go: bool) -> str:
    mirrored = mirror.find(spec)
    if mirrored is not None:
        return f"would be taken from {mirrored}"
    build = "would be built from Go modules" if has_go else "cannot be built, as there is no Go toolchain"
    artefact = spec.artefact(mirror.platform)
    return f"would be downloaded from {artefact.url}, or else {build}" if artefact is not None else build
