"""Long commands, the folder for unfinished things, the Debian tree the throw-away containerd. Programs are fakes."""

import errno
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind import base_tree, preload, workshop
from aifactory.lab.kind.base_tree import PACKAGES, ensure_base_tree
from aifactory.lab.kind.logged import run_logged
from aifactory.lab.kind.workshop import kind_cache, told_of_full_disk, unfinished
from tests.unit.lab_kind.fakes import machine, program

DEBOOTSTRAP = 'for folder; do :; done; mkdir -p "$folder/usr"; echo "$*" > "$folder/usr/arguments"'
CONTAINERD = """config=${1#--config=}
socket=$(sed -n 's/^  address = "\\(.*socket\\)"$/\\1/p' "$config")
touch "$socket"
exec sleep 60
"""
CTR = """case "$*" in
*version) exit 0 ;;
*"images import"*) echo "$*" >> %s ;;
*"images ls"*) echo a.test/one:1 ;;
esac
"""


def test_output_goes_to_the_log(tmp_path: Path, programs: Path, told: list[str]) -> None:
    """The log has command and output of every run; a long one is told of."""
    program(programs, "long", 'echo "said $WORD"; sleep 0.3')

    for _ in range(2):
        run_logged(
            ["long", "x y"], tmp_path / "logs/l", told.append, remedy="", env={"WORD": "w"}, heartbeat_s=0.1
        )

    assert (tmp_path / "logs/l").read_text() == "$ long 'x y'\nsaid w\n" * 2
    assert told[0] == "long: still running, 0 s so far"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo a; echo b; exit 3", r"^name ended with 3: a \| b; its log is .*; try again$"),
        ("exit 3", r"^name ended with 3: it said nothing; its log is .*; try again$"),
        (
            "echo 'write: No space left on device'; exit 1",
            r"^name failed because the disk is full; .*; make room",
        ),
        ("exec sleep 9", r"^name takes more than 0 s and was ended; its log is .*; try again$"),
    ],
)
def test_a_failed_command_is_told(
    tmp_path: Path, programs: Path, told: list[str], script: str, message: str
) -> None:
    """The error has the end of this run's output, not of an earlier one, or says that the disk is full."""
    (tmp_path / "log").write_text("earlier\n")

    with pytest.raises(LabError, match=message):
        run_logged(
            [program(programs, "p", script)], tmp_path / "log", told.append, name="name", remedy="try again",
            timeout_s=0.5,
        )  # fmt: skip


def test_a_command_that_is_not_there_is_told(tmp_path: Path, told: list[str]) -> None:
    """A program that cannot be started is an error with the remedy."""
    with pytest.raises(LabError, match=r"none cannot be started: No such file or directory; install it"):
        run_logged([tmp_path / "none"], tmp_path / "log", told.append, remedy="install it")


def test_only_finished_things_are_seen(tmp_path: Path) -> None:
    """A block that succeeds gives the whole folder; one that fails, or was killed, leaves nothing of it."""
    target = tmp_path / "cache/x"
    (target.parent / ".unfinished-y").mkdir(parents=True)

    def fail() -> None:
        with unfinished(target) as folder:
            (folder / "half").touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(target.parent.iterdir()) == []

    with unfinished(target) as folder:
        (folder / "whole").touch()
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["x"]
    assert (target / "whole").exists()


def test_a_full_disk_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room at the start, and a disk that fills up on the way, give the same error; others pass."""
    message = r"is full: a tree cannot be written; about 10 MiB are needed and \d+ MiB are free; make room, or set XDG_"
    with pytest.raises(LabError, match=message), told_of_full_disk(tmp_path, "a tree", 10):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), told_of_full_disk(tmp_path, "a tree", 10):
        raise PermissionError(errno.EACCES, "no")
    monkeypatch.setattr(workshop, "free_mib", lambda _: 9)
    with pytest.raises(LabError, match=message), told_of_full_disk(tmp_path, "a tree", 10):
        raise AssertionError


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME is respected; without it the cache is below the home folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kind_cache() == tmp_path / "aifactory/kind"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert kind_cache() == Path.home() / ".cache/aifactory/kind"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache; commands need no rights of root, and no disk is too small."""
    monkeypatch.setattr(base_tree, "CONFINED", ())
    monkeypatch.setattr(base_tree, "NEEDED_MIB", 0)
    return tmp_path / "cache"


def test_the_debian_tree_is_made_once(cache: Path, programs: Path, told: list[str]) -> None:
    """Debootstrap is called without a mirror and with all packages; older trees go; the next run makes nothing."""
    program(programs, "debootstrap", DEBOOTSTRAP)
    (cache / "base/older").mkdir(parents=True)

    tree = ensure_base_tree(cache, machine(programs), told.append)

    words = (tree / "usr/arguments").read_text().split()
    assert words[:3] == ["--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm"]
    assert len(words) == 4
    assert [path.name for path in (cache / "base").iterdir()] == [tree.name]
    program(programs, "debootstrap", "exit 1")
    assert ensure_base_tree(cache, machine(programs, root=False), told.append) == tree


def test_a_missing_debootstrap_is_installed(cache: Path, programs: Path, told: list[str]) -> None:
    """apt-get brings it; an apt-get that does not, or is not there, is an error."""
    with pytest.raises(
        LabError, match=r"debootstrap is not installed and there is no apt-get to install it with"
    ):
        ensure_base_tree(cache, machine(programs), told.append)
    program(programs, "apt-get", "true")
    with pytest.raises(
        LabError, match=r"apt-get installed debootstrap and it is not found on .*; it has to be there"
    ):
        ensure_base_tree(cache, machine(programs), told.append)
    program(programs / "ready", "debootstrap", DEBOOTSTRAP)
    program(programs, "apt-get", f"cp {programs}/ready/debootstrap {programs}")

    assert ensure_base_tree(cache, machine(programs), told.append).is_dir()


def test_a_failed_debootstrap_leaves_nothing(cache: Path, programs: Path, told: list[str]) -> None:
    """The error has its last words; no half tree is taken for a whole one."""
    program(programs, "debootstrap", DEBOOTSTRAP + "; echo 'E: no mirror'; exit 1")

    with pytest.raises(
        LabError, match=r"debootstrap ended with 1: E: no mirror; .* Debian's mirror can be reached"
    ):
        ensure_base_tree(cache, machine(programs), told.append)

    assert list((cache / "base").iterdir()) == []


@pytest.mark.parametrize("other", [{"root": False}, {"linux": False}])
def test_only_root_on_linux_makes_a_tree(
    cache: Path, programs: Path, told: list[str], other: dict[str, bool]
) -> None:
    """Everybody else is told of the other way before anything is installed."""
    with pytest.raises(
        LabError, match=r"only root on Linux can make a Debian tree; a container registry .*; run as"
    ):
        ensure_base_tree(cache, machine(programs, **other), told.append)


@pytest.fixture
def loader(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake containerd and its client; the file lists the imports."""
    monkeypatch.setattr(preload, "ENDS_WITH_US", ())
    program(programs, "containerd", CONTAINERD)
    program(programs, "ctr", CTR % (programs / "imports"))
    return programs


def load(loader: Path, tmp_path: Path, told: list[str], expected: str = "a.test/one:1") -> None:
    """Load an archive."""
    preload.preload(
        tmp_path / "node/store", tmp_path / "a.tar", [expected], loader / "containerd", loader / "ctr",
        tmp_path / "log", told.append,
    )  # fmt: skip


def test_images_are_pinned_and_not_unpacked(loader: Path, tmp_path: Path, told: list[str]) -> None:
    """The import goes to the namespace of the kubelet, with the label that keeps an image."""
    load(loader, tmp_path, told)

    assert (loader / "imports").read_text().split()[1:] == [
        "--namespace=k8s.io", "images", "import", "--label=io.cri-containerd.pinned=pinned", "--no-unpack",
        str(tmp_path / "a.tar"),
    ]  # fmt: skip


def test_an_image_that_did_not_arrive_is_told(loader: Path, tmp_path: Path, told: list[str]) -> None:
    """An image that is missing afterwards is an error now, not a pod that waits for ever."""
    with pytest.raises(
        LabError, match=r"containerd did not take a.test/two:1; every image has to be in the node image"
    ):
        load(loader, tmp_path, told, "a.test/two:1")


def test_a_containerd_that_ends_is_told(loader: Path, tmp_path: Path, told: list[str]) -> None:
    """Its last words are in the error."""
    program(loader, "containerd", "echo 'bad root'; exit 2")

    with pytest.raises(LabError, match=r"containerd ended with 2: bad root; its log is"):
        load(loader, tmp_path, told)


def test_a_containerd_that_does_not_answer_is_told(
    loader: Path, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended after its time."""
    monkeypatch.setattr(preload, "READY_TIMEOUT_S", 0.3)
    program(loader, "containerd", "exec sleep 60")

    with pytest.raises(LabError, match=r"containerd does not answer after 0 s; its log is .*; see the log"):
        load(loader, tmp_path, told)
