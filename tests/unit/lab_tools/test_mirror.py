"""The mirror folder: before any download, and verified where a checksum is known."""

import hashlib
import shutil

from aifactory.lab.tools.platform import current_platform
from tests.unit.lab_tools.harness import TOOL, Bench, closed_port, row

BINARY = b"#!/bin/sh\necho demo 1.2.3\n"


def test_mirror_comes_before_download(bench: Bench) -> None:
    """A mirrored tool with its checksum is used without a word to the vendor."""
    folder = bench.root / "mirror" / TOOL / "1.2.3" / str(current_platform())
    folder.mkdir(parents=True)
    (folder / TOOL).write_bytes(BINARY)
    (folder / f"{TOOL}.sha256").write_text(hashlib.sha256(BINARY).hexdigest())
    base = f"http://127.0.0.1:{closed_port()}"
    spec = row(download={"url": f"{base}/demo", "checksum_url": f"{base}/sums"})

    tools = bench.box(spec, mirror=bench.root / "mirror").ensure([TOOL])

    assert tools.path(TOOL).read_bytes() == BINARY
    assert bench.progress.lines == [f"{TOOL}: 1.2.3 is ready, from {folder / TOOL}"]


def test_vendor_artefact_is_checked_with_its_list(bench: Bench) -> None:
    """The vendor's own file is checked with the vendor's list beside it, and refused if it differs."""
    folder = bench.root / "mirror" / TOOL / "1.2.3" / str(current_platform())
    folder.mkdir(parents=True)
    (folder / "demo-bin").write_bytes(BINARY)
    (folder / "SUMS").write_text(f"{'0' * 64}  demo-bin\n")
    base = f"http://127.0.0.1:{closed_port()}"
    spec = row(download={"url": f"{base}/demo-bin", "checksum_url": f"{base}/SUMS"})

    bench.box(spec, mirror=bench.root / "mirror").ensure([TOOL])

    assert f"WARNING: {folder / 'demo-bin'} has a wrong checksum" in bench.progress.text
    assert bench.go_calls == 1


def test_file_without_checksum_is_reported(bench: Bench) -> None:
    """A mirrored file that nothing vouches for is used, and said to be unverified."""
    folder = bench.root / "mirror" / TOOL / "1.2.3" / str(current_platform())
    folder.mkdir(parents=True)
    (folder / TOOL).write_bytes(BINARY)

    bench.box(mirror=bench.root / "mirror").ensure([TOOL])

    assert "has no checksum beside it: used unverified" in bench.progress.text
    assert bench.go_calls == 0


def test_copy_of_a_cache_is_a_mirror(bench: Bench) -> None:
    """A cache copied elsewhere serves as a mirror, checked by its manifests."""
    bench.box().ensure([TOOL])
    shutil.move(bench.cache, bench.root / "mirror")
    copied = bench.root / "mirror" / TOOL / "1.2.3" / str(current_platform()) / TOOL

    bench.box(mirror=bench.root / "mirror").ensure([TOOL])
    assert bench.go_calls == 1

    copied.write_bytes(b"changed")
    shutil.rmtree(bench.cache)
    bench.box(mirror=bench.root / "mirror").ensure([TOOL])
    assert f"WARNING: {copied} has a wrong checksum" in bench.progress.text
    assert bench.go_calls == 2
