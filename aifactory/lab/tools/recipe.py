"""How a tool is built from pinned Go modules: three kinds of recipe, all data."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """Base of everything read from ``tools.yaml``: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class GoBuild(Row):
    """Build one package in a wrapper module, whose ``go.sum`` pins every dependency by hash."""

    kind: Literal["go"]
    module: str
    """Folder in ``modules/`` with ``go.mod``, ``go.sum`` and ``tools.go``."""
    package: str
    """Import path of the command."""
    ldflags: tuple[str, ...] = ()
    """Linker flags; ``{version}`` is filled in."""
    cgo: bool = False
    """Whether C code is linked; off makes a static binary."""
    env: dict[str, str] = Field(default_factory=dict)
    """Further environment of the build."""
    tags: tuple[str, ...] = ()
    """Build tags."""


class GoPatched(Row):
    """Copy a module, lay our ``go.mod`` and ``go.sum`` over it, generate, and build in the copy.

    For a module whose own ``go.mod`` has a local ``replace``, which no wrapper can satisfy.
    """

    kind: Literal["go-patched"]
    path: str
    """Module path."""
    version: str
    """Module version."""
    sum: str = Field(pattern=r"^h1:")
    """Hash of the module as Go computes it; another hash is refused."""
    module: str
    """Folder in ``modules/`` with the ``go.mod`` and ``go.sum`` to lay over."""
    generate_dir: str
    """Folder in the module where the generator runs."""
    generate: tuple[str, ...]
    """Arguments of ``go`` for the generator."""
    generate_env: dict[str, str] = Field(default_factory=dict)
    """Further environment of the generator; ``{version}`` is filled in."""
    package: str
    """Package to build, relative to the module."""
    ldflags: tuple[str, ...] = ()
    """Linker flags; ``{version}`` is filled in."""


class ModuleFile(Row):
    """Take one file out of a module and set its run bit."""

    kind: Literal["module-file"]
    path: str
    """Module path."""
    version: str
    """Module version."""
    sum: str = Field(pattern=r"^h1:")
    """Hash of the module as Go computes it; another hash is refused."""
    file: str
    """The file, relative to the module."""


Recipe = Annotated[GoBuild | GoPatched | ModuleFile, Field(discriminator="kind")]
