"""The lab's images for nodes of a published image: taken out of that image, packed once. The engine is a fake."""

import ast
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import pinned_images, pinned_tree
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.pinned_images import SOURCES, ensure_archive, own_images, own_references
from aifactory.lab.kind.pinned_tree import ADDED, take_tree
from aifactory.lab.kind.workshop import kind_cache
from aifactory.lab.tools import Tools, tools_for
from tests.unit.lab_kind.fakes import elf, engine

IMAGE = "docker.io/kindest/node@sha256:1"
ENGINE = """
echo "$*" >> {folder}/asked
case "$*" in
"image inspect"*) cat {folder}/id ;;
"exec"*) cat > {folder}/script; if [ -s {folder}/refusal ]; then cat {folder}/refusal >&2; exit 100; fi ;;
"cp "*) cp {folder}/taken.tar "$3" ;;
"rm "*) [ -e {folder}/started ] && rm {folder}/started || {{ echo "No such container" >&2; exit 1; }} ;;
"run "*) touch {folder}/started ;;
"info"*) echo '{{"ServerVersion": "27", "CgroupVersion": "2", "DockerRootDir": "/data"}}' ;;
esac
"""


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContainerEngine:
    """An engine whose container has a busybox; what else the user programs are is another test's matter."""
    monkeypatch.setattr(pinned_images, "NEEDED_MIB", 0)
    folder = tmp_path / "docker"
    (folder / "root/usr/bin").mkdir(parents=True)
    (folder / "root/usr/bin/busybox").write_text("FAKE busybox")
    with tarfile.open(folder / "taken.tar", "w") as tar:
        tar.add(folder / "root/usr", "usr")
    (folder / "id").write_text("sha256:1")
    (folder / "refusal").touch()

    def userland(tree: Path, out: Path, _: str) -> None:
        out.mkdir()
        shutil.copyfile(tree / "bin/busybox", out / "busybox")

    monkeypatch.setattr(pinned_images, "make_userland", userland)
    return engine(folder, ENGINE.format(folder=folder))


def asked(used: ContainerEngine) -> list[str]:
    """What the engine was asked, in order."""
    return (used.program.parent / "asked").read_text().splitlines()


def names_in(archive: Path) -> set[str]:
    """Full names of the images in an archive."""
    with tarfile.open(archive) as tar:
        index = tar.extractfile("index.json")
        assert index is not None
        return {one["annotations"]["io.containerd.image.name"] for one in json.load(index)["manifests"]}


def test_images_of_the_lab_are_packed_once(
    used: ContainerEngine, tools: Tools, told: list[str], tmp_path: Path
) -> None:
    """Those of Kubernetes and of storage are not among them; another node image or program makes them anew."""
    first = ensure_archive(used, IMAGE, tools, told.append)

    assert names_in(first) == set(own_references())
    assert own_references() == tuple(
        f"aifactory.local/{name}:lab"
        for name in (
            "userland", "kubectl", "kube-router", "k8s-device-plugin", "node-feature-discovery",
            "dra-driver-nvidia-gpu",
        )
    )  # fmt: skip
    assert [path.name for path in first.parent.iterdir()] == ["images.tar"]
    count = len(asked(used))
    assert ensure_archive(used, IMAGE, tools, told.append) == first
    assert asked(used)[count:] == [f"image inspect --format {{{{.Id}}}} {IMAGE}"]

    (used.program.parent / "id").write_text("sha256:2")
    second = ensure_archive(used, IMAGE, tools, told.append)
    tools.path("kube-router").write_text("another")
    third = ensure_archive(used, IMAGE, tools, told.append)

    assert len({first, second, third}) == 3
    assert [folder.name for folder in (tmp_path / "cache/aifactory/kind/own-images").iterdir()] == [
        third.parent.name
    ]


def test_only_tools_of_the_lane_kind_are_needed(used: ContainerEngine, tools: Tools, told: list[str]) -> None:
    """Nothing of what only a built node image has is asked for."""
    few = Tools({name: tools.path(name) for name in tools_for("kind") if name in tools.paths}, tools.bin_dir)

    assert ensure_archive(used, IMAGE, few, told.append).is_file()
    assert "kubelet" not in few.paths
    assert {tool for image in own_images() for tool in image.programs} <= set(few.paths)


def test_a_program_that_cannot_be_loaded_is_told(
    used: ContainerEngine, tools: Tools, told: list[str]
) -> None:
    """A program with a library that the user programs lack fails here, and leaves nothing."""
    tools.path("nvidia-device-plugin").write_bytes(elf(["libstrange.so.1"]))

    with pytest.raises(
        LabError, match=r"nvidia-device-plugin needs .*libstrange.so.1, not there where it is put"
    ):
        ensure_archive(used, IMAGE, tools, told.append)

    assert list((kind_cache() / "own-images").iterdir()) == []


def test_all_code_that_shapes_the_archive_is_in_its_name() -> None:
    """What makes the archive from this package is hashed, but for what only runs, logs, or is hashed as data."""
    here = Path(pinned_images.__file__).parent
    apart = {"container_engine", "image_inputs", "logged", "workshop", "kind"}
    todo, seen = ["pinned_images"], set[str]()
    while todo:
        name = todo.pop()
        if name in seen | apart:
            continue
        seen.add(name)
        for node in ast.walk(ast.parse((here / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("aifactory.lab.kind"):
                last = str(node.module).rpartition(".")[2]
                todo += [last] if last != "kind" else [alias.name for alias in node.names]

    assert {f"{name}.py" for name in seen} == set(SOURCES)


def take(used: ContainerEngine, tmp_path: Path, told: list[str]) -> Path:
    """Take the tree."""
    take_tree(used, IMAGE, "x86_64-linux-gnu", tmp_path / "tree", tmp_path / "log", told.append)
    return tmp_path / "tree"


@pytest.mark.parametrize("proxy", [None, "http://proxy.example:3128"])
def test_programs_are_taken_out_of_the_image(
    used: ContainerEngine, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    """A container of it installs what it lacks, through the machine's proxy if there is one, and is gone then."""
    for name in pinned_tree.PROXIES:
        monkeypatch.delenv(name, raising=False)
    if proxy:
        monkeypatch.setenv("https_proxy", proxy)

    tree = take(used, tmp_path, told)

    assert (tree / "bin/busybox").read_text() == "FAKE busybox"
    assert (tree / "bin").is_symlink()
    started = next(line for line in asked(used) if line.startswith("run"))
    assert started.endswith(f"--entrypoint=/bin/sleep {IMAGE} 600")
    assert ("--env https_proxy" in started) is bool(proxy)
    assert "proxy.example" not in started
    script = (used.program.parent / "script").read_text()
    assert f"apt-get install -q -y --no-install-recommends {' '.join(ADDED)}\n" in script
    assert "set -- usr/lib/x86_64-linux-gnu\n" in script
    assert not (used.program.parent / "started").exists()


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            "E: Unable to locate package ipset",
            r"the lab's images cannot be made from docker.io.*: 'docker exec .*Unable to locate package ipset.*;"
            r" Debian's packages busybox-static, ipset have to be installable in a container of it; check .*, or",
        ),
        (
            "write: No space left on device",
            r"docker has no room to take user programs out of .* in /data; make room",
        ),
    ],
)
def test_packages_that_cannot_be_had_are_told(
    used: ContainerEngine, tmp_path: Path, told: list[str], refusal: str, message: str
) -> None:
    """The error has apt's words and the other way; the container is gone."""
    (used.program.parent / "refusal").write_text(refusal)

    with pytest.raises(LabError, match=message):
        take(used, tmp_path, told)

    assert not (used.program.parent / "started").exists()
