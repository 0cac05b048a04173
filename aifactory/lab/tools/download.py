"""The official download: streamed, verified against the published checksum, never used otherwise."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aifactory.lab.tools.archive import extract_member
from aifactory.lab.tools.checksum import sha256_in_list
from aifactory.lab.tools.platform import Platform
from aifactory.lab.tools.progress import Progress
from aifactory.lab.tools.reach import Reach
from aifactory.lab.tools.step import Obtained, Source, StepFailedError
from aifactory.lab.tools.table import Artefact, ToolSpec

SILENCE_TIMEOUT_S = 10.0
"""A host that sends nothing for so long is given up; a short stall costs less than a build of minutes."""

_CHUNK_BYTES = 1024 * 1024
_LIST_LIMIT_BYTES = 4 * 1024 * 1024  # a checksum list is kilobytes; anything larger is not one


class DownloadStep:
    """Downloads artefacts for one run, each once; proxies are those of the process environment.

    Args:
        platform: The platform to download for.
        progress: Told about each download.
        reach: What is known about hosts.
        timeout_s: Longest silence in seconds of a host that has taken the connection.
    """

    def __init__(
        self, platform: Platform, progress: Progress, reach: Reach, timeout_s: float = SILENCE_TIMEOUT_S
    ) -> None:
        self._platform = platform
        self._progress = progress
        self._reach = reach
        self._timeout_s = timeout_s
        self._archives: dict[str, Path] = {}

    def obtain(self, spec: ToolSpec, target: Path) -> Obtained:
        """Download, verify, and take the tool out of the archive."""
        artefact = spec.artefact(self._platform)
        if artefact is None:
            reason = spec.no_download_because or f"the vendor publishes none for {self._platform}"
            raise StepFailedError(f"no official download ({reason})")
        archive = self._archives.get(artefact.url)
        if archive is None or not archive.exists():
            archive = self._fetch_verified(spec.name, artefact, target.parent)
            # Several tools may come from one archive: keep it until the run ends.
            self._archives[artefact.url] = archive
        extract_member(archive, artefact.file, artefact.member, target)
        return Obtained(Source.DOWNLOAD, artefact.version, artefact.url)

    def close(self) -> None:
        """Remove the archives of this run."""
        for archive in self._archives.values():
            archive.unlink(missing_ok=True)
        self._archives.clear()

    def _fetch_verified(self, tool: str, artefact: Artefact, folder: Path) -> Path:
        expected = artefact.sha256 or self._published_sha256(artefact)
        self._progress.step(tool, f"downloading {artefact.url}")
        descriptor, name = tempfile.mkstemp(prefix=".tmp-archive-", dir=folder)
        archive = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                digest = hashlib.sha256()
                for chunk in self._stream(artefact.url):
                    digest.update(chunk)
                    out.write(chunk)
            _compare(artefact.url, digest.hexdigest(), expected)
        except BaseException:
            with suppress(OSError):
                archive.unlink()
            raise
        return archive

    def _published_sha256(self, artefact: Artefact) -> str:
        text = b""
        for chunk in self._stream(artefact.checksum_url):
            text += chunk
            if len(text) > _LIST_LIMIT_BYTES:
                break
        digest = sha256_in_list(text.decode(errors="replace"), artefact.file)
        if digest is None:
            raise StepFailedError(f"{artefact.checksum_url} has no SHA-256 of {artefact.file}")
        return digest

    def _stream(self, url: str) -> Iterator[bytes]:
        refusal = self._reach.refusal(url)
        if refusal:
            raise StepFailedError(refusal)
        # An error of the consumer, such as a full disk, is not raised in here: only the network's is caught.
        try:
            with urllib.request.urlopen(url, timeout=self._timeout_s) as response:  # noqa: S310 - from the table
                expected_bytes = response.headers.get("Content-Length")
                received_bytes = 0
                while chunk := response.read(_CHUNK_BYTES):
                    received_bytes += len(chunk)
                    yield chunk
        except urllib.error.HTTPError as problem:
            problem.close()
            raise StepFailedError(f"{url} answers {problem.code}") from problem
        except (OSError, http.client.HTTPException) as problem:
            reason = str(getattr(problem, "reason", problem)) or type(problem).__name__
            if isinstance(problem, TimeoutError | urllib.error.URLError):
                self._reach.mark_failed(url, reason)
            raise StepFailedError(f"{url} failed ({reason})") from problem
        if expected_bytes is not None and received_bytes != int(expected_bytes):
            raise StepFailedError(f"{url} was cut off after {received_bytes} of {expected_bytes} bytes")


def _compare(url: str, digest: str, expected: str) -> None:
    if digest != expected:
        raise StepFailedError(
            f"{url} has a wrong checksum: SHA-256 {digest}, published is {expected}; it is not used",
            loud=True,
        )
