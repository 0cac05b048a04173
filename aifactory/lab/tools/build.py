"""The last step: build a tool from its pinned Go modules. Builds of one run go one after another."""

import os
import shutil
from pathlib import Path

from aifactory.lab.tools.cache import remove
from aifactory.lab.tools.errors import GoMissingError
from aifactory.lab.tools.gotool import GoTool
from aifactory.lab.tools.recipe import GoBuild, GoPatched, ModuleFile
from aifactory.lab.tools.step import Obtained, Source
from aifactory.lab.tools.table import Table, ToolSpec


class BuildStep:
    """Builds tools.

    Args:
        table: The table, which knows where the wrapper modules are.
        go: The toolchain; None where there is none.
        logs: Folder of the build logs.
    """

    def __init__(self, table: Table, go: GoTool | None, logs: Path) -> None:
        self._table = table
        self._go = go
        self._logs = logs

    def require_go(self, spec: ToolSpec, reasons: list[str]) -> None:
        """Raise `GoMissingError`, with the reasons the other steps gave, where there is no toolchain."""
        if self._go is None:
            raise GoMissingError(spec.name, self._table.go_minimum, reasons)

    def obtain(self, spec: ToolSpec, target: Path) -> Obtained:
        """Build the tool with the recipe of its row."""
        if self._go is None:
            raise GoMissingError(spec.name, self._table.go_minimum, [])
        log = self._logs / f"{spec.name}.log"
        log.unlink(missing_ok=True)
        recipe = spec.build
        match recipe:
            case GoBuild():
                origin = self._wrapped(self._go, spec, recipe, target, log)
            case GoPatched():
                origin = self._patched(self._go, spec, recipe, target, log)
            case ModuleFile():
                origin = self._module_file(self._go, spec, recipe, target, log)
        return Obtained(Source.GO_BUILD, spec.version, origin)

    def _wrapped(self, go: GoTool, spec: ToolSpec, recipe: GoBuild, target: Path, log: Path) -> str:
        env = {"CGO_ENABLED": "1" if recipe.cgo else "0", **recipe.env}
        args = _build_args(spec, recipe.ldflags, target, recipe.package, recipe.tags)
        go.run(spec, args, self._table.modules_dir / recipe.module, env, log)
        return recipe.package

    def _patched(self, go: GoTool, spec: ToolSpec, recipe: GoPatched, target: Path, log: Path) -> str:
        module = go.module_folder(spec, recipe.path, recipe.version, recipe.sum, log)
        copy = target.with_name(f"{target.name}-source")
        try:
            shutil.copytree(module, copy, copy_function=shutil.copyfile)
            # Go keeps modules read-only; the generator writes into its folder.
            for folder, _, _ in os.walk(copy):
                Path(folder).chmod(0o755)
            for file in ("go.mod", "go.sum"):
                shutil.copyfile(self._table.modules_dir / recipe.module / file, copy / file)
            env = {"CGO_ENABLED": "0"}
            generate_env = {
                key: value.format(version=spec.version) for key, value in recipe.generate_env.items()
            }
            go.run(spec, list(recipe.generate), copy / recipe.generate_dir, {**env, **generate_env}, log)
            go.run(spec, _build_args(spec, recipe.ldflags, target, recipe.package), copy, env, log)
        finally:
            remove(copy)
        return f"{recipe.path}@{recipe.version}"

    def _module_file(self, go: GoTool, spec: ToolSpec, recipe: ModuleFile, target: Path, log: Path) -> str:
        module = go.module_folder(spec, recipe.path, recipe.version, recipe.sum, log)
        shutil.copyfile(module / recipe.file, target)
        return f"{recipe.path}@{recipe.version}/{recipe.file}"


def _build_args(
    spec: ToolSpec, ldflags: tuple[str, ...], target: Path, package: str, tags: tuple[str, ...] = ()
) -> list[str]:
    flags = " ".join(ldflags).format(version=spec.version)
    chosen = ["-tags", ",".join(tags)] if tags else []
    return ["build", *chosen, "-ldflags", flags, "-o", str(target), package]
