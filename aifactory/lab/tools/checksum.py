"""SHA-256 of files, and the lists vendors publish."""

import hashlib
import re
from pathlib import Path

_SHA256 = re.compile(r"^[0-9a-fA-F]{64}$")


def sha256_file(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_in_list(text: str, file: str) -> str | None:
    """Find the SHA-256 of a file in a published list.

    Understands a bare digest (one file, one digest) and lines of ``<digest>  [*][./]<file>``. Digests of any
    other length, such as SHA-1, are not taken.

    Returns:
        The digest in lower-case hex, or None if the list does not have one.
    """
    words = text.split()
    if len(words) == 1 and _SHA256.match(words[0]):
        return words[0].lower()
    for line in text.splitlines():
        digest, _, name = line.strip().partition(" ")
        if name.strip().removeprefix("*").removeprefix("./") == file and _SHA256.match(digest):
            return digest.lower()
    return None
