"""The files of kind's base image, from kind's own Go module."""

import os
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.logged import Notify, NotifyProgress
from aifactory.lab.tools.gotool import GoTool, find_go
from aifactory.lab.tools.recipe import GoBuild
from aifactory.lab.tools.table import Table

MODULE = "sigs.k8s.io/kind"
INSIDE = "images/base/files"


def module_sum(go_sum: str, version: str) -> str:
    """Hash of kind's module in the text of a ``go.sum``.

    Raises:
        LabError: It is not in it.
    """
    for line in go_sum.splitlines():
        words = line.split()
        if words[:2] == [MODULE, f"v{version}"]:
            return words[2]
    raise LabError(
        f"the wrapper module of kind has no hash of {MODULE} v{version}; its files are only used with a known hash;"
        " bring the go.sum in lab/tools/modules up to date with tools.yaml"
    )


def kind_files(table: Table, log: Path, notify: Notify) -> Path:
    """The folder with the files of kind's base image, fetched into Go's module cache if need be.

    Args:
        table: The tools; the row of kind says the version.
        log: Log of the download.
        notify: Told when it takes long.

    Raises:
        LabError: There is no Go, or the module's hash is not known.
        BuildFailedError: The module cannot be fetched or has another hash.
    """
    spec = table.spec("kind")
    go = find_go(os.environ)
    if go is None:
        raise LabError(
            "building the node image takes files of kind's Go module and there is no Go toolchain on PATH;"
            f" go >= {table.go_minimum} is needed; install it from https://go.dev/dl"
        )
    if not isinstance(spec.build, GoBuild):
        raise LabError(
            f"kind is not built in a wrapper module but as '{spec.build.kind}'; the node image needs the module's"
            " hash; give kind a recipe of kind 'go' in tools.yaml"
        )
    go_sum = (table.modules_dir / spec.build.module / "go.sum").read_text("utf-8")
    expected = module_sum(go_sum, spec.version)
    tool = GoTool(go, os.environ, NotifyProgress(notify))
    return tool.module_folder(spec, MODULE, f"v{spec.version}", expected, log) / INSIDE
