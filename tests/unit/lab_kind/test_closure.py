"""Programs with their libraries: all of them or none, and links followed inside the tree only."""

import sys
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.closure import Closure, check_loadable, find_inside, make_root
from aifactory.lab.kind.elf import Needs, needs
from aifactory.lab.kind.userland import IPTABLES, LIBRARIES, PROGRAMS, applets, make_userland
from tests.unit.lab_kind.fakes import elf, program

TRIPLET = "x86_64-linux-gnu"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def put(tree: Path, name: str, data: bytes = b"") -> None:
    """A file of the tree."""
    file = tree / name.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A Debian tree with merged /usr, a program, a plugin and their libraries."""
    root = tmp_path / "tree"
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    put(root, f"/usr{LOADER}", elf())
    put(root, f"/usr/lib/{TRIPLET}/libc.so.6", elf(["ld-linux-x86-64.so.2"]))
    put(root, f"/usr/lib/{TRIPLET}/libm.so.6", elf(["libc.so.6"]))
    put(root, f"/usr/lib/{TRIPLET}/libfoo.so.1.2", elf(["libc.so.6"]))
    (root / f"usr/lib/{TRIPLET}/libfoo.so.1").symlink_to("libfoo.so.1.2")
    put(root, "/usr/sbin/tool", elf(["libfoo.so.1"], LOADER))
    put(root, f"/usr/lib/{TRIPLET}/xtables/libxt_statistic.so", elf(["libm.so.6"]))
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty root file system."""
    folder = tmp_path / "out"
    make_root(folder)
    return folder


def test_needs_are_read_from_the_file(tmp_path: Path) -> None:
    """Loader and libraries are read in order; a static program needs nothing; a script is no ELF file."""
    for name, data in {
        "full": elf(["a.so", "b.so.1"], LOADER),
        "static": elf(),
        "script": b"#!/bin/sh\n",
    }.items():
        put(tmp_path, name, data)

    assert needs(tmp_path / "full") == Needs(LOADER, ("a.so", "b.so.1"))
    assert needs(tmp_path / "static") == Needs("", ())
    assert needs(tmp_path / "script") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has ELF programs to read")
def test_needs_of_a_real_program_are_read() -> None:
    """The interpreter that runs this test is a program with a loader, whose C library is read."""
    found = needs(Path(sys.executable).resolve())

    assert found is not None
    assert found.interpreter.startswith("/")
    assert any(name.startswith("libc.") for name in found.libraries)


def test_a_program_comes_with_everything_it_needs(tree: Path, out: Path) -> None:
    """Libraries of libraries come along under the name they are asked for, with the loader."""
    closure = Closure(tree, out, TRIPLET)
    closure.add_programs({"/sbin/tool": "/usr/sbin/tool"})
    closure.finish()

    found = {str(path.relative_to(out)) for path in (out / "usr").rglob("*") if path.is_file()}
    assert {"usr/sbin/tool", f"usr/lib/{TRIPLET}/libfoo.so.1", f"usr/lib/{TRIPLET}/libc.so.6"} < found
    assert (out / LOADER.lstrip("/")).is_file()
    assert f"usr/lib/{TRIPLET}/libm.so.6" not in found


def test_libraries_of_plugins_come_along(tree: Path, out: Path) -> None:
    """A plugin that nothing links brings the library that nothing else needs."""
    closure = Closure(tree, out, TRIPLET)
    closure.add_plugins(f"/usr/lib/{TRIPLET}/xtables")
    closure.finish()

    assert (out / f"usr/lib/{TRIPLET}/xtables/libxt_statistic.so").is_file()
    assert (out / f"usr/lib/{TRIPLET}/libm.so.6").is_file()


def test_everything_that_is_missing_is_told_at_once(tree: Path, out: Path) -> None:
    """A program, a plugin's library, a folder of plugins and a listed library: one error names them all."""
    (tree / f"usr/lib/{TRIPLET}/libm.so.6").unlink()
    closure = Closure(tree, out, TRIPLET)
    closure.add_programs({"/sbin/none": "/usr/sbin/none"})
    closure.add_plugins(f"/usr/lib/{TRIPLET}/xtables")
    closure.add_plugins("/usr/lib/others")
    closure.add_libraries(["libgone.so.1", "libgone.so.1"])

    with pytest.raises(LabError) as raised:
        closure.finish()

    assert str(raised.value) == (
        "the Debian tree lacks /sbin/none (for the list of programs), libm.so.6 (for"
        f" /usr/lib/{TRIPLET}/xtables/libxt_statistic.so), /usr/lib/others/*.so (for the list of plugins),"
        " libgone.so.1 (for the list of libraries); programs are only shipped with all their libraries; add the"
        " Debian package that has them to PACKAGES in base_tree.py"
    )


@pytest.mark.parametrize(
    ("links", "name", "expected"),
    [
        ({"a": "/usr/real"}, "/a", "usr/real"),
        ({"usr/b": "../usr/real"}, "/usr/b", "usr/real"),
        ({"c": "d", "d": "/c"}, "/c", None),
        ({"e": "/../../usr/real"}, "/e", "usr/real"),
        ({}, "/usr/./real", "usr/real"),
        ({}, "/usr", None),
        ({}, "/usr/none", None),
    ],
)
def test_links_never_leave_the_tree(
    tmp_path: Path, links: dict[str, str], name: str, expected: str | None
) -> None:
    """Absolute links start at the tree, too many dots end at it, and a circle is no file."""
    put(tmp_path, "usr/real")
    for link, target in links.items():
        (tmp_path / link).symlink_to(target)

    found = find_inside(tmp_path, name)

    assert found == (tmp_path / expected if expected else None)


def test_a_program_from_elsewhere_has_to_find_its_libraries(tree: Path, tmp_path: Path) -> None:
    """A static program runs anywhere; one with libraries only where they and the loader are; a script is not asked."""
    for name, data in {
        "static": elf(),
        "script": b"#!/bin/sh\n",
        "linked": elf(["libc.so.6"], LOADER),
    }.items():
        put(tmp_path, name, data)
    put(tmp_path, "other", elf(["libgone.so"], LOADER))

    check_loadable(tmp_path / "static", None, TRIPLET)
    check_loadable(tmp_path / "script", None, TRIPLET)
    check_loadable(tmp_path / "linked", tree, TRIPLET)
    with pytest.raises(LabError) as raised:
        check_loadable(tmp_path / "other", tree, TRIPLET)
    assert str(raised.value) == (
        f"other needs /usr/lib/{TRIPLET}/libgone.so, not there where it is put; a program comes with all its"
        " libraries or is static; build it without cgo, or add the library to userland.py"
    )
    with pytest.raises(LabError, match=rf"linked needs {LOADER}, /usr/lib/{TRIPLET}/libc.so.6, not there"):
        check_loadable(tmp_path / "linked", None, TRIPLET)


def test_the_userland_has_a_shell_and_netfilters_tools(tree: Path, out: Path) -> None:
    """Busybox's names are links to it, except where a program of that name is there; iptables writes nftables."""
    out = out.with_name("userland")
    out.mkdir()
    (tree / "usr/bin/busybox").unlink(missing_ok=True)
    program(tree / "usr/bin", "busybox", "echo sh; echo ip; echo busybox")
    for name in PROGRAMS:
        put(tree, name, elf(["libc.so.6"], LOADER))
    for library in LIBRARIES:
        put(tree, f"/usr/lib/{TRIPLET}/{library}", elf(["libc.so.6"]))
    put(tree, "/etc/protocols", b"tcp 6\n")

    make_userland(tree, out, TRIPLET)

    assert (out / "bin/sh").readlink() == Path("busybox")
    assert not (out / "bin/ip").exists()
    assert (out / "sbin/ip").is_file()
    assert {(out / "sbin" / name).readlink().name for name in IPTABLES} == {"xtables-nft-multi"}
    assert (out / "etc/protocols").read_text() == "tcp 6\n"
    assert (out / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_a_busybox_that_does_not_run_is_told(tree: Path) -> None:
    """A busybox of another machine is an error that says what it has to be."""
    put(tree, "/usr/bin/busybox", elf())
    (tree / "usr/bin/busybox").chmod(0o755)

    with pytest.raises(
        LabError, match=r"the Debian tree's busybox does not run: .*; it has to be static and of this"
    ):
        applets(tree)
