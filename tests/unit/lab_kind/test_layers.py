"""Layers and archives: equal content gives equal bytes, everything is found by its digest."""

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.lab.kind.layers import Content, Layer, write_layer
from aifactory.lab.kind.oci import PATH_VARIABLE, ImageSpec, write_archive

NAMES = st.text("abc.-_é", min_size=1, max_size=6).filter(lambda name: name not in {".", ".."})
TREES = st.dictionaries(
    st.tuples(NAMES.map("d-{}".format), NAMES.map("f-{}".format)), st.binary(max_size=20), max_size=6
)


def fill(folder: Path, files: list[tuple[tuple[str, str], bytes]], time_s: int) -> Path:
    """A tree with some files, all of one age."""
    for (parent, name), data in files:
        (folder / parent).mkdir(parents=True, exist_ok=True)
        (folder / parent / name).write_bytes(data)
        os.utime(folder / parent / name, (time_s, time_s))
    return folder


def members(layer: Layer) -> dict[str, tarfile.TarInfo]:
    """The entries of a layer."""
    with tarfile.open(layer.blob, "r:gz") as tar:
        return {member.name: member for member in tar}


@given(tree=TREES)
def test_equal_trees_give_equal_layers(tree: dict[tuple[str, str], bytes]) -> None:
    """Neither the order in which files were made nor their age nor their place changes a digest."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        files = list(tree.items())
        first = write_layer(Content(tree=fill(Path(one, "t"), files, 10)), Path(one))
        second = write_layer(Content(tree=fill(Path(two, "u"), files[::-1], 99999)), Path(two))

    assert (first.digest, first.diff_id, first.size_bytes) == (
        second.digest,
        second.diff_id,
        second.size_bytes,
    )


@given(tree=TREES, key=st.tuples(st.just("d-x"), st.just("f-x")))
def test_another_file_gives_another_layer(tree: dict[tuple[str, str], bytes], key: tuple[str, str]) -> None:
    """One more file changes both digests."""
    with tempfile.TemporaryDirectory() as one:
        folder = Path(one, "t")
        before = write_layer(Content(tree=fill(folder, list(tree.items()), 10)), Path(one))
        after = write_layer(Content(tree=fill(folder, [(key, b"new")], 10)), Path(one))

    assert before.digest != after.digest
    assert before.diff_id != after.diff_id


def test_a_layer_is_named_by_its_bytes(tmp_path: Path) -> None:
    """The file's name is the SHA-256 of its bytes, the diff id that of the bytes it unpacks to."""
    layer = write_layer(Content(tree=fill(tmp_path / "t", [(("d", "f"), b"x")], 1)), tmp_path)

    data = layer.blob.read_bytes()
    assert layer.digest == f"sha256:{hashlib.sha256(data).hexdigest()}" == f"sha256:{layer.blob.name}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(gzip.decompress(data)).hexdigest()}"
    assert layer.size_bytes == len(data)


def test_modes_links_and_folders_arrive(tmp_path: Path) -> None:
    """Run bits, symbolic links, hard links and empty folders are kept; owners become root, times zero."""
    tree = fill(tmp_path / "t", [(("d", "f"), b"x")], 1)
    (tree / "d/f").chmod(0o4755)
    (tree / "d/link").symlink_to("/absolute")
    (tree / "d/same").hardlink_to(tree / "d/f")
    (tree / "empty").mkdir(mode=0o700)

    found = members(write_layer(Content(tree=tree), tmp_path))

    assert list(found) == ["d", "d/f", "d/link", "d/same", "empty"]
    assert (found["d/f"].mode, found["empty"].mode) == (0o4755, 0o700)
    assert (found["d/link"].issym(), found["d/link"].linkname) == (True, "/absolute")
    assert (found["d/same"].islnk(), found["d/same"].linkname) == (True, "d/f")
    assert {(one.uid, one.gid, one.uname, one.mtime) for one in found.values()} == {(0, 0, "", 0)}


@pytest.mark.parametrize(("owners", "expected"), [(True, 1234), (False, 0)])
def test_owners_are_kept_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, owners: bool, expected: int
) -> None:
    """A Debian tree keeps the numbers of its users; everything else belongs to root."""
    tree = fill(tmp_path / "t", [(("d", "f"), b"x")], 1)
    whole = tarfile.TarFile.gettarinfo

    def owned(tar: tarfile.TarFile, name: Path, arcname: str) -> tarfile.TarInfo:
        info = whole(tar, name, arcname)
        info.uid = 1234
        return info

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", owned)

    assert {
        one.uid for one in members(write_layer(Content(tree=tree, owners=owners), tmp_path)).values()
    } == {expected}


def test_single_files_get_their_folders(tmp_path: Path) -> None:
    """A file that is put somewhere comes with the folders above it, and wins over the tree's."""
    tree = fill(tmp_path / "t", [(("usr", "tool"), b"old")], 1)
    tool = tmp_path / "tool"
    tool.write_bytes(b"newer")

    layer = write_layer(Content(tree=tree, files={"usr/bin/a/tool": tool}), tmp_path)

    assert list(members(layer)) == ["usr", "usr/bin", "usr/bin/a", "usr/bin/a/tool", "usr/tool"]
    assert members(layer)["usr/bin/a/tool"].size == 5


def test_packed_content_is_only_wrapped(tmp_path: Path) -> None:
    """A layer that is not compressed again has the same content, and as many bytes as before at least."""
    tree = fill(tmp_path / "t", [(("d", "f"), bytes(100_000))], 1)

    squeezed = write_layer(Content(tree=tree), tmp_path)
    wrapped = write_layer(Content(tree=tree, packed=True), tmp_path)

    assert wrapped.diff_id == squeezed.diff_id
    assert squeezed.size_bytes < 10_000
    assert wrapped.size_bytes > 100_000


def test_dropped_paths_stay_out(tmp_path: Path) -> None:
    """A pattern with a star drops everything below a folder, however deep, and keeps the folder."""
    tree = fill(tmp_path / "t", [(("doc", "f"), b""), (("doc/deep", "g"), b""), (("keep", "h"), b"")], 1)

    assert list(members(write_layer(Content(tree=tree, dropped=("doc/*",)), tmp_path))) == [
        "doc",
        "keep",
        "keep/h",
    ]


@pytest.fixture
def archive(tmp_path: Path) -> dict[str, bytes]:
    """The files of an archive with two images that share a layer."""
    layers = {
        name: write_layer(Content(tree=fill(tmp_path / name, [((name, "f"), name.encode())], 1)), tmp_path)
        for name in ("base", "top")
    }
    images = [
        ImageSpec(
            references=("a.test/one:1", "a.test/one:2"), layers=("base", "top"), entrypoint=("/e",), command=("c",),
            environment=("A=b",), stop_signal="SIGINT", labels={"l": "m"},
        ),
        ImageSpec(references=("a.test:5000/two:lab",), layers=("base",)),
    ]  # fmt: skip
    write_archive(images, layers, "arm64", tmp_path / "one.tar")
    write_archive(images, layers, "arm64", tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert len(tar.getnames()) == len(set(tar.getnames()))
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]


def test_every_blob_is_what_its_name_says(archive: dict[str, bytes]) -> None:
    """Blobs are named by their SHA-256: two configs, two manifests, and the shared layer once."""
    blobs = {name: data for name, data in archive.items() if name.startswith("blobs/")}

    assert len(blobs) == 6
    assert all(name.endswith(hashlib.sha256(data).hexdigest()) for name, data in blobs.items())
    assert json.loads(archive["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def test_containerd_finds_every_name(archive: dict[str, bytes]) -> None:
    """The index has one entry a name; each leads over manifest and config to layers of matching digests."""
    index = json.loads(archive["index.json"])["manifests"]

    assert [one["annotations"]["io.containerd.image.name"] for one in index] == [
        "a.test/one:1",
        "a.test/one:2",
        "a.test:5000/two:lab",
    ]
    assert index[2]["annotations"]["org.opencontainers.image.ref.name"] == "lab"
    for entry in index:
        manifest = json.loads(archive[f"blobs/sha256/{entry['digest'][7:]}"])
        config = json.loads(archive[f"blobs/sha256/{manifest['config']['digest'][7:]}"])
        plain = [gzip.decompress(archive[f"blobs/sha256/{one['digest'][7:]}"]) for one in manifest["layers"]]
        assert config["rootfs"]["diff_ids"] == [
            f"sha256:{hashlib.sha256(data).hexdigest()}" for data in plain
        ]
        assert config["architecture"] == entry["platform"]["architecture"] == "arm64"


def test_docker_finds_the_same(archive: dict[str, bytes]) -> None:
    """Docker's manifest names the same configs and layers, and the config has what was asked for."""
    first, second = json.loads(archive["manifest.json"])

    assert first["RepoTags"] == ["a.test/one:1", "a.test/one:2"]
    assert set(second["Layers"]) < set(first["Layers"]) <= set(archive)
    assert json.loads(archive[first["Config"]])["config"] == {
        "Cmd": ["c"],
        "Entrypoint": ["/e"],
        "Env": [PATH_VARIABLE, "A=b"],
        "Labels": {"l": "m"},
        "StopSignal": "SIGINT",
        "WorkingDir": "/",
    }
    assert json.loads(archive[second["Config"]])["config"] == {"Env": [PATH_VARIABLE], "WorkingDir": "/"}
