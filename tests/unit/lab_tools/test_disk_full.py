"""A full disk gives one clear error and leaves nothing partial."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from aifactory.lab.tools import CacheUnusableError
from tests.unit.lab_tools.harness import TOOL, Bench, Vendor, row

BINARY = os.urandom(300_000)


@pytest.fixture
def full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a real tmpfs of 64 KiB where one can be mounted (root on Linux); else an injected ENOSPC."""
    bench.cache.mkdir()
    mount = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(bench.cache)]
    can_mount = sys.platform == "linux" and os.geteuid() == 0
    if can_mount and subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        yield bench.cache
        subprocess.run([shutil.which("umount") or "umount", str(bench.cache)], check=True)
        return

    class Full:
        def __init__(self, descriptor: int, _mode: str) -> None:
            self._descriptor = descriptor

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self._descriptor)

        def write(self, _: bytes) -> NoReturn:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("aifactory.lab.tools.download.os.fdopen", Full)
    yield bench.cache


def serve(vendor: Vendor) -> dict[str, object]:
    """Put a binary larger than the disk on the site."""
    digest = hashlib.sha256(BINARY).hexdigest()
    vendor.bodies = {"/demo": BINARY, "/demo.sha256": digest.encode()}
    return row(
        download={"url": f"{vendor.url}/demo", "checksum_url": f"{vendor.url}/demo.sha256"}, size_mib=7
    )


def test_full_disk_is_one_clear_error(bench: Bench, vendor: Vendor, full_disk: Path) -> None:
    """The error names the folder, the needed and the free space and the remedy; no partial file stays."""
    spec = serve(vendor)

    with pytest.raises(CacheUnusableError) as caught:
        bench.box(spec).ensure([TOOL])

    text = str(caught.value)
    assert text.startswith(
        f"{TOOL}: cannot be written to {full_disk}: the disk is full; 7 MiB are needed and "
    )
    assert text.endswith("MiB are free; make room, or set XDG_CACHE_HOME to a folder with more")
    assert bench.leftovers() == []
    assert bench.go_calls == 0


def test_unwritable_cache_is_one_clear_error(bench: Bench) -> None:
    """A cache folder that cannot be made is told with its path and the remedy."""
    bench.cache.write_text("a file where the folder should be")

    with pytest.raises(CacheUnusableError, match=r"cannot be written to .*; .* set XDG_CACHE_HOME"):
        bench.box().ensure([TOOL])
