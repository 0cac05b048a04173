"""The official download: verified, or not used at all."""

import hashlib
import io
import tarfile
import time

import pytest

from aifactory.lab.tools.checksum import sha256_in_list
from tests.unit.lab_tools.harness import TOOL, Bench, Vendor, closed_port, row

BINARY = b"#!/bin/sh\necho demo 1.2.3\n" + b"#" * 300_000
DIGEST = hashlib.sha256(BINARY).hexdigest()


def download(base: str, file: str = "demo", **changes: object) -> dict[str, object]:
    """A download section."""
    return {"url": f"{base}/{file}", "checksum_url": f"{base}/{file}.sha256", **changes}


def serve(vendor: Vendor, digest: str = DIGEST) -> dict[str, object]:
    """Put the binary and its checksum on the site; the row that downloads them."""
    vendor.bodies = {"/demo": BINARY, "/demo.sha256": f"{digest}\n".encode()}
    return row(download=download(vendor.url))


def test_good_file_is_used(bench: Bench, vendor: Vendor) -> None:
    """A file with its published checksum is taken, made executable, and nothing is built."""
    tools = bench.box(serve(vendor)).ensure([TOOL])

    assert tools.path(TOOL).read_bytes() == BINARY
    assert tools.path(TOOL).stat().st_mode & 0o111
    assert (tools.bin_dir / TOOL).samefile(tools.path(TOOL))
    assert bench.go_calls == 0
    assert bench.leftovers() == []


def test_wrong_checksum_is_loud_and_never_used(bench: Bench, vendor: Vendor) -> None:
    """A file with another checksum is reported as a warning, dropped, and the next step gives the tool."""
    tools = bench.box(serve(vendor, "0" * 64)).ensure([TOOL])

    assert f"{TOOL}: WARNING: {vendor.url}/demo has a wrong checksum: SHA-256 {DIGEST}" in bench.progress.text
    assert tools.path(TOOL).read_bytes() != BINARY
    assert bench.go_calls == 1
    assert bench.leftovers() == []


def test_cut_connection_falls_over(bench: Bench, vendor: Vendor) -> None:
    """A connection that ends in the middle of the body is noticed, and the next step gives the tool."""
    spec = serve(vendor)
    vendor.cut_after["/demo"] = 1000

    bench.box(spec).ensure([TOOL])

    assert "was cut off after 1000 of 300026 bytes" in bench.progress.text
    assert bench.go_calls == 1
    assert bench.leftovers() == []


def test_refusal_falls_over(bench: Bench, vendor: Vendor) -> None:
    """A 403 leads to the next step, and the reason is told."""
    spec = serve(vendor)
    vendor.statuses["/demo"] = 403

    bench.box(spec).ensure([TOOL])

    assert f"{vendor.url}/demo answers 403" in bench.progress.text
    assert bench.go_calls == 1


def test_missing_checksum_means_no_download(bench: Bench, vendor: Vendor) -> None:
    """Without a published checksum the file is not even fetched."""
    spec = serve(vendor)
    del vendor.bodies["/demo.sha256"]

    bench.box(spec).ensure([TOOL])

    assert vendor.requests == ["/demo.sha256"]
    assert bench.go_calls == 1


@pytest.mark.usefixtures("vendor")
def test_dead_host_is_tried_once_a_run(bench: Bench) -> None:
    """A host that refuses a connection is left out for the later tools of the run, within seconds."""
    base = f"http://127.0.0.1:{closed_port()}"
    rows = [row(name, download=download(base, name)) for name in ("aif-one", "aif-two")]

    begun_s = time.monotonic()
    bench.box(*rows).ensure(["aif-one", "aif-two"])

    assert (
        "aif-one: building 1.2.3 with Go (no mirror is set; 127.0.0.1 is unreachable" in bench.progress.text
    )
    assert "127.0.0.1 skipped, it failed before in this run" in bench.progress.text
    assert bench.go_calls == 2
    assert time.monotonic() - begun_s < 5


def test_literal_checksum_needs_no_list(bench: Bench, vendor: Vendor) -> None:
    """A checksum in the table is the one that counts, and no list is fetched."""
    vendor.bodies = {"/demo": BINARY}
    platforms = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")

    spec = row(download={"url": f"{vendor.url}/demo", "sha256": dict.fromkeys(platforms, DIGEST)})
    bench.box(spec).ensure([TOOL])

    assert vendor.requests == ["/demo"]
    assert bench.go_calls == 0


def test_companions_come_from_one_archive(bench: Bench, vendor: Vendor) -> None:
    """Two tools in one archive cost one download, and a member that is missing falls over alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("aif-one", "aif-two"):
            info = tarfile.TarInfo(f"demo/{name}")
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    vendor.bodies = {"/all.tar.gz": packed.getvalue(), "/sums": f"{digest}  all.tar.gz\n".encode()}
    section = {
        "url": f"{vendor.url}/all.tar.gz",
        "checksum_url": f"{vendor.url}/sums",
        "member": "demo/{name}",
    }
    names = ["aif-one", "aif-two", "aif-three"]

    tools = bench.box(*(row(name, download=section) for name in names)).ensure(names)

    assert [tools.path(name).read_text() for name in names[:2]] == names[:2]
    assert vendor.requests == ["/sums", "/all.tar.gz"]
    assert "cannot take demo/aif-three out of it" in bench.progress.text
    assert bench.go_calls == 1
    assert bench.leftovers() == []


def test_checksum_lists_are_read() -> None:
    """Bare digests and lists are understood; a SHA-1, another file and a web page are not."""
    digest = "a" * 64

    assert sha256_in_list(f"{digest}\n", "x") == digest
    assert sha256_in_list(f"{'b' * 64}  y\n{digest} *./x\n", "x") == digest
    assert sha256_in_list(f"{digest}  y\n{'b' * 64}  z\n", "x") is None
    assert sha256_in_list(f"{'a' * 40}  x\n", "x") is None
    assert sha256_in_list("<html>sign in</html>", "x") is None
