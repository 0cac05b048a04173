"""The configuration of the mock NVML: where it is found, and what is refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aifactory.lab.mock_library import compile_library
from tests.support import nvml as abi
from tests.support.nvml import Nvml


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    return compile_library(tmp_path_factory.mktemp("mock-nvml"))


@pytest.fixture(scope="module")
def nvml(library: Path) -> Nvml:
    """The library, loaded."""
    return Nvml(library)


REFUSED = {
    "COLOUR=blue": "unknown key 'COLOUR'; keys are GPUS, PRODUCT, MEMORY_MIB, COMPUTE, ARCHITECTURE, BRAND,"
    " PCI_DEVICE, DRIVER, CUDA, NODE, ADDRESSING, MIG_SLICES, MIG, MIG.<gpu>, FABRIC, FAULTS; remove it or correct"
    " its name",
    "GPUS": "'GPUS' is no setting; lines are KEY=VALUE or start with #; correct it",
    **{
        f"{key}={value}": f"'{value}' is no value of {key}; README.md of the mock lists what is allowed; correct it"
        for key, value in (
            ("GPUS", "17"),
            ("GPUS", "-1"),
            ("GPUS", "two"),
            ("MEMORY_MIB", "0"),
            ("COMPUTE", "10"),
            ("ARCHITECTURE", "rubin"),
            ("BRAND", "acme"),
            ("CUDA", "13.0.1"),
            ("PRODUCT", ""),
            ("PCI_DEVICE", "12345"),
            ("ADDRESSING", "yes"),
            ("MIG_SLICES", "5"),
            ("MIG.16", "off"),
            ("FABRIC", "1234.5"),
        )
    },
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_wrong_line_is_refused_by_name(
    nvml: Nvml,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
) -> None:
    """A key or value that is not known ends the start, naming file, line, what is allowed and what to do."""
    file = tmp_path / "mock-nvml.conf"
    file.write_text(f"# first\n{line}\n")
    monkeypatch.setenv("MOCK_NVML_CONFIG", str(file))
    assert nvml.code("nvmlInit_v2") == abi.UNKNOWN
    assert capfd.readouterr().err == f"mock NVML: {file}:2: {REFUSED[line]}\n"
    assert nvml.code("nvmlShutdown") == abi.UNINITIALIZED


def test_without_a_configuration_no_driver_is_loaded(
    nvml: Nvml, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where there is no file, the start says so as a missing driver would be said."""
    monkeypatch.setenv("MOCK_NVML_CONFIG", str(tmp_path / "none"))
    assert nvml.code("nvmlInit_v2") == abi.DRIVER_NOT_LOADED
    assert capfd.readouterr().err == (
        "mock NVML: no configuration; it is etc/mock-nvml.conf below a folder above the library; write it, or name it"
        " in MOCK_NVML_CONFIG\n"
    )


def test_the_configuration_is_found_from_the_library(library: Path, tmp_path: Path) -> None:
    """Without the variable, the file below the root that the library is in is read, through links too."""
    home = tmp_path / "usr" / "lib" / "x86_64-linux-gnu"
    home.mkdir(parents=True)
    shutil.copy(library, home / "libnvidia-ml.so.595.91.07")
    (home / "libnvidia-ml.so.1").symlink_to("libnvidia-ml.so.595.91.07")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "mock-nvml.conf").write_text("GPUS=5\n")
    asked = (
        "import ctypes, sys; n = ctypes.CDLL(sys.argv[1]); assert n.nvmlInit_v2() == 0; c = ctypes.c_uint();"
        " n.nvmlDeviceGetCount_v2(ctypes.byref(c)); print(c.value)"
    )
    command = [sys.executable, "-c", asked, str(home / "libnvidia-ml.so.1")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    assert done.stdout == "5\n"
