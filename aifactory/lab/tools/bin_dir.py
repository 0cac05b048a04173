"""A folder with all tools of a set, made for PATH."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def make_bin_dir(root: Path, paths: Mapping[str, Path], cached: Path) -> Path:
    """Make, or bring up to date, the folder with one link a tool; the same set gives the same folder.

    The folder is named ``bin``, because Pulumi's SDK takes a command by its installation's root.

    A cached tool is linked hard: Pulumi's Python host looks for its executor beside its own file, and a
    symbolic link would lead it away from this folder. A tool from elsewhere is linked symbolically, next to
    which its own companions lie.

    Args:
        root: Folder the set's folder is made in.
        paths: Tools by name.
        cached: The cache folder.
    """
    text = "\n".join(f"{name}={path}" for name, path in sorted(paths.items()))
    folder = root / hashlib.sha256(text.encode()).hexdigest()[:16] / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        link = folder / name
        if link.exists() and link.samefile(path):
            continue
        temporary = folder / f".tmp-{os.getpid()}-{name}"
        temporary.unlink(missing_ok=True)
        if path.is_relative_to(cached):
            _link_or_copy(path, temporary)
        else:
            temporary.symlink_to(path)
        temporary.replace(link)
    return folder


def _link_or_copy(path: Path, link: Path) -> None:
    try:
        link.hardlink_to(path)
    except OSError:  # some network file systems have no hard links
        shutil.copy2(path, link)
