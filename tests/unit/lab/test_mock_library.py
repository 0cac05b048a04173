"""Compiling the mock NVML: once for each state of its sources, and clear words where it cannot be done."""

import re
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab import mock_library
from aifactory.lab.mock_library import compile_library


def test_the_library_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same sources give the same file without a compiler, and nothing else is left in the cache."""
    first = compile_library(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert compile_library(tmp_path) == first
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["libnvidia-ml.so.1"]


def test_without_a_compiler_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a C compiler is told what is missing and which packages bring it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    message = (
        "there is no C compiler: neither cc, gcc nor clang is on PATH; the mock NVML is compiled from source; install"
        " one (Debian and Ubuntu: apt-get install gcc libc6-dev), or name one in CC"
    )
    with pytest.raises(LabError, match=re.escape(message)):
        compile_library(tmp_path)


def fake_compiler(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FAKE compiler that is named in CC."""
    file = folder / "fake-cc"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("CC", str(file))


def test_what_the_compiler_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that refuses is quoted, and leaves no library."""
    fake_compiler(tmp_path, "echo 'dlfcn.h: no such file' >&2; exit 1", monkeypatch)
    message = (
        "fake-cc refuses the mock NVML: dlfcn.h: no such file; it is C11 with GNU extensions; use gcc 9 or clang 12 or"
        " newer, with the C library's headers"
    )
    with pytest.raises(LabError, match=re.escape(message)):
        compile_library(tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("libnvidia-ml.so.1"))


def test_a_compiler_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that does not end is given up, with a message that says what it should take."""
    fake_compiler(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(mock_library, "COMPILE_TIMEOUT_S", 0.2)
    message = (
        "fake-cc did not compile the mock NVML in 0 s; it takes a second or two; see what else the machine is doing,"
        " and try again"
    )
    with pytest.raises(LabError, match=re.escape(message)):
        compile_library(tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the cache's place is a file, the message names it and what to set."""
    (tmp_path / "cache").touch()
    message = "it must be a writable folder with space; free some, or set XDG_CACHE_HOME"
    with pytest.raises(LabError, match=re.escape(message)):
        compile_library(tmp_path / "cache")
