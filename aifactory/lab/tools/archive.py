"""Take one file out of a vendor's archive."""

import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from aifactory.lab.tools.step import StepFailedError


def extract_member(archive: Path, file: str, member: str, target: Path) -> None:
    """Write one member of an archive to ``target``; nothing else is unpacked, so no path in it can escape.

    Args:
        archive: The archive on disk.
        file: Its published name, which tells the format; a name that is no archive is copied as it is.
        member: Path inside the archive.
        target: Where the member is written.

    Raises:
        StepFailedError: The archive is damaged or has no such member.
    """
    try:
        if file.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped, zipped.open(member) as stream:
                _write(stream, target)
        elif file.endswith((".tar.gz", ".tgz")):
            with tarfile.open(archive, "r:gz") as tar:
                _write(_tar_member(tar, member), target)
        else:
            shutil.copyfile(archive, target)
    except (KeyError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as problem:
        raise StepFailedError(f"{file}: cannot take {member} out of it ({problem})") from problem


def _tar_member(tar: tarfile.TarFile, member: str) -> IO[bytes]:
    for name in (member, f"./{member}"):
        if name in tar.getnames():
            stream = tar.extractfile(name)
            if stream is not None:
                return stream
    raise KeyError(f"no file {member}")


def _write(stream: IO[bytes], target: Path) -> None:
    with target.open("wb") as out:
        shutil.copyfileobj(stream, out, 1024 * 1024)
