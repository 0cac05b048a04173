"""Everything the node image is made of, as one hash: other inputs give another image name."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from aifactory.lab.kind import base_tree
from aifactory.lab.tools.checksum import sha256_file

SOURCES = (
    "closure.py", "default_storage.yaml", "elf.py", "images.py", "kind_files.py", "layers.py", "node_build.py",
    "node_tree.py", "oci.py", "preload.py", "userland.py",
)  # fmt: skip
"""Our own files that decide what is in the image."""


def fingerprint(tool: Path) -> str:
    """SHA-256 of a tool's file: as its manifest has it, if the file is as old and as long as that says.

    Reading 1 GB of tools takes seconds, and a lab that is already up has to answer at once.
    """
    try:
        manifest = json.loads((tool.parent / "manifest.json").read_text("utf-8"))
        found = tool.stat()
        if (manifest["size_bytes"], manifest["mtime_ns"]) == (found.st_size, found.st_mtime_ns):
            return str(manifest["sha256"])
    except (OSError, ValueError, KeyError):
        return sha256_file(tool)
    return sha256_file(tool)


def image_hash(
    tools: Mapping[str, Path], kind: str, architecture: str, *, restricted: bool, sources: Path | None = None
) -> str:
    """The hash over all inputs, 12 hexadecimal digits.

    Args:
        tools: File of each tool in the image, by name.
        kind: Version of kind, whose files are in the image.
        architecture: ``amd64`` or ``arm64``.
        restricted: Whether root lacks CAP_SYS_RESOURCE.
        sources: Folder of our own files; this one by default.
    """
    here = sources or Path(__file__).parent
    inputs = {
        "tools": {name: fingerprint(path) for name, path in sorted(tools.items())},
        "debian": base_tree.recipe(),
        "kind": kind,
        "architecture": architecture,
        "restricted": restricted,
        "sources": {name: (here / name).read_text("utf-8") for name in SOURCES},
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]
