"""Resolves tools: PATH, cache, mirror, official download, Go build, in this order."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from aifactory.lab.tools.bin_dir import make_bin_dir
from aifactory.lab.tools.build import BuildStep
from aifactory.lab.tools.cache import Cache, Entry, EntryState, remove
from aifactory.lab.tools.download import DownloadStep
from aifactory.lab.tools.errors import ToolUnavailableError, UnknownToolError, cache_unusable
from aifactory.lab.tools.gotool import GoTool, find_go
from aifactory.lab.tools.lock import exclusive
from aifactory.lab.tools.mirror import MirrorStep
from aifactory.lab.tools.onpath import PathStep
from aifactory.lab.tools.platform import current_platform
from aifactory.lab.tools.progress import HEARTBEAT_S, Progress, StderrProgress
from aifactory.lab.tools.reach import Reach
from aifactory.lab.tools.status import ToolStatus, status_of
from aifactory.lab.tools.step import Source, Step, StepFailedError
from aifactory.lab.tools.table import Table, ToolSpec, default_table


@dataclass(frozen=True)
class Tools:
    """Resolved tools.

    Attributes:
        paths: File of each tool, by name.
        bin_dir: Folder with a link to each of them, for PATH; stays where it is for the same set.
    """

    paths: Mapping[str, Path]
    bin_dir: Path

    def path(self, name: str) -> Path:
        """File of a tool; raises `UnknownToolError` for one that was not asked for."""
        if name not in self.paths:
            raise UnknownToolError(name, list(self.paths))
        return self.paths[name]


@dataclass(frozen=True)
class Toolbox:
    """Finds, fetches or builds the tools of the labs.

    Attributes:
        cache_dir: Folder that obtained tools are kept in.
        mirror: Folder of mirrored tools; None where there is none.
        progress: Told of every change of state.
        table: The tools.
        environ: Environment that PATH is taken from and that tools and Go run in.
        heartbeat_s: Seconds between two lines while a build runs.
    """

    cache_dir: Path
    mirror: Path | None = None
    progress: Progress = field(default_factory=StderrProgress)
    table: Table = field(default_factory=default_table)
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(dict(os.environ)))
    heartbeat_s: float = HEARTBEAT_S

    @classmethod
    def default(cls, progress: Progress | None = None) -> Self:
        """The toolbox of this user, from XDG_CACHE_HOME and AIFACTORY_MIRROR."""
        environ = MappingProxyType(dict(os.environ))
        caches = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        mirror = environ.get("AIFACTORY_MIRROR")
        return cls(
            cache_dir=caches / "aifactory" / "tools",
            mirror=Path(mirror) if mirror else None,
            progress=progress or StderrProgress(),
            environ=environ,
        )

    def ensure(self, names: Iterable[str]) -> Tools:
        """Resolve tools, fetching or building what is missing, one after another.

        Raises:
            UnknownToolError: A name is not in the table.
            GoMissingError: A tool has to be built and there is no Go.
            BuildFailedError: A build failed.
            ToolUnavailableError: No step could give a tool.
            CacheUnusableError: The cache folder is full or not writable.
        """
        specs = [self.table.spec(name) for name in dict.fromkeys(names)]
        run = _Run(self)
        try:
            paths = {spec.name: run.resolve(spec) for spec in specs}
        finally:
            run.downloads.close()
        try:
            bin_dir = make_bin_dir(self.cache_dir / "sets", paths, self.cache_dir)
        except OSError as problem:
            raise cache_unusable("tools", self.cache_dir, problem, 1) from problem
        return Tools(MappingProxyType(paths), bin_dir)

    def status(self, names: Iterable[str] | None = None) -> list[ToolStatus]:
        """Where each tool stands; never builds, downloads or writes."""
        run = _Run(self)
        wanted = [spec.name for spec in self.table.tools] if names is None else list(names)
        has_go = find_go(self.environ) is not None
        return [
            status_of(spec, run.on_path.find(spec), run.entry(spec), run.mirror, has_go=has_go)
            for spec in map(self.table.spec, wanted)
        ]


class _Run:
    """One run over some tools; remembers hosts, archives and what PATH has."""

    def __init__(self, box: Toolbox) -> None:
        platform = current_platform()
        go = find_go(box.environ)
        self._box = box
        self._cache = Cache(box.cache_dir, platform)
        self.on_path = PathStep(box.table, box.environ, box.cache_dir)
        self.mirror = MirrorStep(box.mirror, platform, box.progress)
        self.downloads = DownloadStep(platform, box.progress, Reach())
        self._build = BuildStep(
            box.table,
            GoTool(go, box.environ, box.progress, box.heartbeat_s) if go else None,
            box.cache_dir / "logs",
        )

    def entry(self, spec: ToolSpec, *, repair: bool = False) -> Entry:
        """The tool's cache entry."""
        return self._cache.check(spec, self._recipes(spec).values(), repair=repair)

    def resolve(self, spec: ToolSpec) -> Path:
        """The file of a tool."""
        answer = self.on_path.find(spec)
        if answer.accepted is not None:
            return answer.accepted
        entry = self.entry(spec)
        try:
            if entry.state is EntryState.OK:
                return entry.path
            with exclusive(self._cache.lock_file(spec), lambda pid: self._say_waiting(spec, pid)):
                return self._obtain(spec)
        except OSError as problem:
            raise cache_unusable(spec.name, self._box.cache_dir, problem, spec.size_mib) from problem

    def _obtain(self, spec: ToolSpec) -> Path:
        # Somebody else may have made the tool while this run waited for the lock.
        answer, entry = self.on_path.find(spec), self.entry(spec, repair=True)
        if entry.state is EntryState.OK:
            return entry.path
        if entry.state is not EntryState.MISSING:
            self._box.progress.step(spec.name, f"cached file is not used, {entry.reason}; obtaining it again")
        if answer.path is not None:
            self._box.progress.step(spec.name, f"{answer.path} is passed over: {answer.refusal}")
        reasons: list[str] = []
        steps: tuple[Step, ...] = (self.mirror, self.downloads, self._build)
        temporary = self._cache.temporary(spec)
        try:
            for step in steps:
                if step is self._build:
                    self._build.require_go(spec, reasons)
                    self._box.progress.step(
                        spec.name, f"building {spec.version} with Go ({'; '.join(reasons)})"
                    )
                try:
                    obtained = step.obtain(spec, temporary)
                except StepFailedError as failure:
                    reasons.append(failure.reason)
                    if failure.loud:
                        self._box.progress.step(spec.name, f"WARNING: {failure.reason}")
                    continue
                path = self._cache.install(spec, temporary, obtained, self._recipes(spec)[obtained.source])
                self._box.progress.step(spec.name, f"{obtained.version} is ready, from {obtained.origin}")
                return path
        finally:
            remove(temporary)
        raise ToolUnavailableError(spec.name, spec.version, reasons)

    def _recipes(self, spec: ToolSpec) -> dict[Source, str]:
        """What each kind of step would make the tool from, as a hash."""
        download = spec.download.model_dump_json() if spec.download is not None else ""
        return {
            Source.MIRROR: hashlib.sha256(f"mirror {spec.version} {download}".encode()).hexdigest(),
            Source.DOWNLOAD: hashlib.sha256(f"download {spec.version} {download}".encode()).hexdigest(),
            Source.GO_BUILD: self._box.table.recipe_hash(spec),
        }

    def _say_waiting(self, spec: ToolSpec, pid: str) -> None:
        self._box.progress.step(
            spec.name, f"waiting for another run that builds {spec.name} (pid {pid or 'unknown'})"
        )
