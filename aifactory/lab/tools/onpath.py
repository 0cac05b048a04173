"""Tools on PATH: found, asked for their version, accepted or refused by the table's rule."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aifactory.lab.tools.table import PathRule, Table, ToolSpec

_PROBE_TIMEOUT_S = 10.0  # printing a version takes well under a second, a cold disk included


@dataclass(frozen=True)
class OnPathAnswer:
    """What PATH has for one tool.

    Attributes:
        path: The file; None where there is none.
        version: The version it prints; empty where it was not asked or did not tell.
        refusal: Why it may not be used; empty where it may.
    """

    path: Path | None
    version: str = ""
    refusal: str = ""

    @property
    def accepted(self) -> Path | None:
        """The file, if it may be used."""
        return None if self.refusal else self.path


class PathStep:
    """Looks tools up on PATH, each once.

    Args:
        table: The table of tools.
        environ: The environment; its PATH is searched and its tools are asked in it.
        cache_dir: Our own cache, whose folders on PATH are passed over.
    """

    def __init__(self, table: Table, environ: Mapping[str, str], cache_dir: Path) -> None:
        self._table = table
        self._environ = environ
        self._search = _search_path(environ.get("PATH", ""), cache_dir)
        self._answers: dict[str, OnPathAnswer] = {}

    def find(self, spec: ToolSpec) -> OnPathAnswer:
        """What PATH has for a tool."""
        if spec.name not in self._answers:
            self._answers[spec.name] = self._look(spec)
        return self._answers[spec.name]

    def _look(self, spec: ToolSpec) -> OnPathAnswer:
        found = shutil.which(spec.name, path=self._search)
        if found is None:
            return OnPathAnswer(None)
        path, rule = Path(found), spec.on_path.rule
        if rule is PathRule.NEVER:
            return OnPathAnswer(path, refusal=f"never taken from PATH, {spec.on_path.because}")
        if rule is PathRule.BESIDE:
            other = self.find(self._table.spec(spec.on_path.beside))
            if other.accepted is not None and other.accepted.parent == path.parent:
                return OnPathAnswer(path, other.version)
            return OnPathAnswer(path, refusal=f"not beside an accepted {spec.on_path.beside}")
        version = self._version(spec, path)
        if not version:
            return OnPathAnswer(path, refusal="does not tell its version")
        refusal = "" if _fits(version, spec.version, rule) else f"is {version}, {wanted(spec)} is needed"
        return OnPathAnswer(path, version, refusal)

    def _version(self, spec: ToolSpec, path: Path) -> str:
        try:
            done = subprocess.run(
                [str(path), *spec.on_path.version_args],
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_PROBE_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        match = re.search(spec.on_path.version_pattern, done.stdout + done.stderr)
        return match.group(1) if match else ""


def wanted(spec: ToolSpec) -> str:
    """The versions of a tool that are accepted from PATH, in words."""
    match spec.on_path.rule:
        case PathRule.SAME_MINOR:
            return f"{spec.version.rpartition('.')[0]}.x"
        case PathRule.AT_LEAST:
            return f">= {spec.version} of the same major"
        case _:
            return spec.version


def _fits(found: str, pinned: str, rule: PathRule) -> bool:
    have, need = _numbers(found), _numbers(pinned)
    match rule:
        case PathRule.SAME_MINOR:
            return have[:2] == need[:2]
        case PathRule.AT_LEAST:
            return have[:1] == need[:1] and have >= need
        case _:
            return have == need


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _search_path(path: str, cache_dir: Path) -> str:
    ours = cache_dir.resolve()
    return ":".join(
        entry for entry in path.split(":") if entry and not Path(entry).resolve().is_relative_to(ours)
    )
