"""The table of tools: what is pinned, where it is published, how it is built.

About checksums: most are fetched from the host that serves the artefact. Such a checksum protects against
corruption and truncation, **not** against a compromised host. A literal ``sha256`` in the table, and the
module hashes of the recipes, protect against both.
"""

import functools
import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, model_validator

from aifactory.lab.tools.errors import UnknownToolError
from aifactory.lab.tools.platform import Platform
from aifactory.lab.tools.recipe import ModuleFile, Recipe, Row

_HERE = Path(__file__).parent


class PathRule(StrEnum):
    """When a tool found on PATH may be used instead of the pinned one."""

    EXACT = "exact"
    SAME_MINOR = "same-minor"
    AT_LEAST = "at-least"
    BESIDE = "beside"
    NEVER = "never"


class OnPath(Row):
    """Whether and how a tool on PATH is accepted."""

    rule: PathRule
    version_args: tuple[str, ...] = ()
    """Arguments that make the tool print its version."""
    version_pattern: str = ""
    """Regular expression whose first group is the version."""
    beside: str = ""
    """For the rule ``beside``: the tool that must have been accepted from the same folder."""
    because: str = ""
    """For the rule ``never``: why."""


class Artefact(Row):
    """One downloadable file of one platform, everything filled in."""

    url: str
    checksum_url: str
    sha256: str
    version: str
    member: str
    """Path of the tool inside the archive; empty when the file is the tool."""

    @property
    def file(self) -> str:
        """Name of the file as the vendor publishes it."""
        return self.url.rsplit("/", 1)[1]


class Download(Row):
    """The vendor's artefacts of a tool, as templates over the platform."""

    url: str
    checksum_url: str = ""
    sha256: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of the artefact by platform, where it is known here."""
    version: str = ""
    """Version of the artefact, where it is not the tool's own."""
    member: str = ""
    platforms: tuple[str, ...] = ()
    """Platforms the vendor publishes for; empty means all of the table's."""
    arch_names: dict[str, str] = Field(default_factory=dict)
    """The vendor's own words for architectures."""
    suffixes: dict[str, str] = Field(default_factory=dict)
    """Archive suffix by operating system."""

    @model_validator(mode="after")
    def _verifiable(self) -> Self:
        if not self.checksum_url and not self.sha256:
            raise ValueError("a download needs checksum_url or sha256; state no_download_because instead")
        return self


class ToolSpec(Row):
    """One row of the table."""

    name: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    lanes: tuple[str, ...]
    size_mib: int = Field(gt=0)
    source: str
    on_path: OnPath
    download: Download | None = None
    no_download_because: str = ""
    build: Recipe

    @model_validator(mode="after")
    def _download_or_reason(self) -> Self:
        if (self.download is None) != bool(self.no_download_because):
            raise ValueError("give either download or no_download_because")
        return self

    def artefact(self, platform: Platform) -> Artefact | None:
        """The vendor's artefact for a platform; None where the vendor publishes none."""
        download = self.download
        if download is None or (download.platforms and str(platform) not in download.platforms):
            return None
        version = download.version or self.version
        words = {
            "name": self.name,
            "version": version,
            "os": platform.os,
            "arch": download.arch_names.get(platform.arch, platform.arch),
            "suffix": download.suffixes.get(platform.os, ""),
        }
        return Artefact(
            url=download.url.format(**words),
            checksum_url=download.checksum_url.format(**words),
            sha256=download.sha256.get(str(platform), ""),
            version=version,
            member=download.member.format(**words),
        )


class Table(Row):
    """All tools."""

    go_minimum: str
    platforms: tuple[str, ...]
    tools: tuple[ToolSpec, ...]
    modules_dir: Path = _HERE / "modules"

    def spec(self, name: str) -> ToolSpec:
        """The row of a tool."""
        for spec in self.tools:
            if spec.name == name:
                return spec
        raise UnknownToolError(name, [spec.name for spec in self.tools])

    def names(self, lane: str) -> tuple[str, ...]:
        """The tools a lane needs, in the order of the table."""
        return tuple(spec.name for spec in self.tools if lane in spec.lanes)

    def recipe_hash(self, spec: ToolSpec) -> str:
        """SHA-256 over a tool's recipe and its wrapper files: another hash means another binary."""
        # Without tags, the word is left out: recipes that had none before keep their hash.
        untagged = {"tags"} if not getattr(spec.build, "tags", ()) else None
        digest = hashlib.sha256(json.dumps([spec.version, spec.build.model_dump(exclude=untagged)]).encode())
        if not isinstance(spec.build, ModuleFile):
            for file in sorted((self.modules_dir / spec.build.module).iterdir()):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()


def load_table(file: Path = _HERE / "tools.yaml") -> Table:
    """Read and check a table file."""
    return Table.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


@functools.cache
def default_table() -> Table:
    """The table of this project."""
    return load_table()


def tools_for(lane: str) -> tuple[str, ...]:
    """Names of the tools a lane needs; ``engine`` is the real Pulumi engine against a simulated cluster."""
    return default_table().names(lane)
