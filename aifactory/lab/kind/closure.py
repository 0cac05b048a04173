"""Copies programs out of a Debian tree together with every library they need.

A library that is missing fails the copy: found later, it shows as a cluster whose nodes are Ready and whose
services are not programmed.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from aifactory.errors import LabError
from aifactory.lab.kind.elf import needs

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
"""Debian's names of the folders with an architecture's libraries."""
MERGED = ("bin", "sbin", "lib", "lib64")
"""Folders of the root that are links into /usr."""
_LINKS_MAX = 20


def make_root(folder: Path) -> None:
    """Make an empty root file system: the folders every program expects, /bin and the like as links into /usr."""
    for name in (
        "dev",
        "etc",
        "proc",
        "root",
        "run",
        "sys",
        "tmp",
        "var",
        *(f"usr/{name}" for name in MERGED),
    ):
        (folder / name).mkdir(parents=True)
    for name in MERGED:
        (folder / name).symlink_to(f"usr/{name}")
    (folder / "tmp").chmod(0o1777)


def find_inside(tree: Path, name: str) -> Path | None:
    """The file of an absolute name in a tree, links followed as if the tree were the root; None if there is none."""
    parts = list(PurePosixPath(name).parts)
    done = PurePosixPath()
    links = 0
    while parts:
        part = parts.pop(0)
        if part in {"/", "."}:
            continue
        if part == "..":
            done = done.parent
            continue
        path = tree / done / part
        if path.is_symlink():
            links += 1
            if links > _LINKS_MAX:
                return None
            target = PurePosixPath(path.readlink())
            done = PurePosixPath() if target.is_absolute() else done
            parts = [*target.parts, *parts]
        else:
            done /= part
    found = tree / done
    return found if found.is_file() else None


def check_loadable(program: Path, root: Path | None, triplet: str) -> None:
    """Say whether a program that was built elsewhere can be loaded where it is put.

    Args:
        program: The program.
        root: The file system it runs in; None for an image with nothing but the program.
        triplet: Debian's name of the folder with the libraries.

    Raises:
        LabError: It needs a loader or libraries that are not there.
    """
    wants = needs(program)
    if wants is None:
        return
    names = [wants.interpreter] if wants.interpreter else []
    names += [f"/usr/lib/{triplet}/{library}" for library in wants.libraries]
    missing = [name for name in names if root is None or find_inside(root, name) is None]
    if missing:
        raise LabError(
            f"{program.name} needs {', '.join(missing)}, not there where it is put; a program comes with all its"
            " libraries or is static; build it without cgo, or add the library to userland.py"
        )


class Closure:
    """Programs and libraries of one tree, collected into a folder made by `make_root`.

    Args:
        tree: The Debian tree.
        out: The folder.
        triplet: Debian's name of the folder with its libraries.
    """

    def __init__(self, tree: Path, out: Path, triplet: str) -> None:
        self._tree = tree
        self._out = out
        self._folders = (f"/usr/lib/{triplet}", f"/lib/{triplet}", "/usr/lib", "/lib", "/usr/lib64", "/lib64")
        self._triplet = triplet
        self._missing: list[str] = []
        self._seen: set[str] = set()

    def add_programs(self, programs: Mapping[str, str]) -> None:
        """Copy programs, by their name in the tree to the name they get."""
        for source, target in programs.items():
            self._add(source, target, "the list of programs")

    def add_plugins(self, folder: str, pattern: str = "*.so") -> None:
        """Copy all plugins of a folder to the same place; nothing links them, so nothing else would find them."""
        found = sorted((self._tree / folder.lstrip("/")).glob(pattern))
        if not found:
            self._missing.append(f"{folder}/{pattern} (for the list of plugins)")
        for plugin in found:
            name = f"{folder}/{plugin.name}"
            self._add(name, name, "the list of plugins")

    def add_libraries(self, names: Iterable[str]) -> None:
        """Copy libraries that programs load while they run, without being linked to them."""
        for name in names:
            self._library(name, "the list of libraries")

    def finish(self) -> None:
        """Say whether everything was there.

        Raises:
            LabError: With all that is missing.
        """
        if self._missing:
            raise LabError(
                f"the Debian tree lacks {', '.join(self._missing)}; programs are only shipped with all their"
                " libraries; add the Debian package that has them to PACKAGES in base_tree.py"
            )

    def _add(self, source: str, target: str, wanted_by: str) -> None:
        file = find_inside(self._tree, source)
        if file is None:
            self._missing.append(f"{source} (for {wanted_by})")
            return
        copy = self._out / target.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copy.chmod(0o755)
        wants = needs(file)
        if wants is None:
            return
        if wants.interpreter:
            self._once(wants.interpreter, wants.interpreter, source)
        for library in wants.libraries:
            self._library(library, source)

    def _library(self, name: str, wanted_by: str) -> None:
        for folder in self._folders:
            if find_inside(self._tree, f"{folder}/{name}") is not None:
                self._once(f"{folder}/{name}", f"/usr/lib/{self._triplet}/{name}", wanted_by)
                return
        if name not in self._seen:
            self._seen.add(name)
            self._missing.append(f"{name} (for {wanted_by})")

    def _once(self, source: str, target: str, wanted_by: str) -> None:
        if target not in self._seen:
            self._seen.add(target)
            self._add(source, target, wanted_by)
