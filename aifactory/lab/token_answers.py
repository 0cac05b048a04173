"""Asking AIConfigurator in a process of its own, and keeping what it answers."""

import datetime
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aifactory.errors import ToolError

PROGRAM = (sys.executable, "-P", str(Path(__file__).with_name("token_program.py")))
"""The program that is asked; ``-P`` keeps this folder's modules from hiding those of the library."""
TIMEOUT_S = 600.0
Question = dict[str, str | int | float]
"""Arguments of the library by name."""


class NotModelledError(ToolError):
    """AIConfigurator has no figure for this work on this system."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Answer(_Part):
    """The best configuration that keeps the latency targets."""

    tokens_per_second_per_gpu: float = Field(gt=0, allow_inf_nan=False)
    """Output tokens, over all GPUs, those for prefill included."""
    ttft_ms: float
    """Time to the first token."""
    tpot_ms: float
    """Time for each further token of a request."""
    serving: str
    """``agg``, or ``disagg`` where prefill and decode have GPUs of their own."""
    backend: str
    backend_version: str


class Refused(_Part):
    """Why there is no such configuration."""

    refused: str


class Found(_Part):
    """An answer and the day on which it was found."""

    answer: Answer
    as_of: datetime.date


def cache_folder() -> Path:
    """Where answers are kept, ``$XDG_CACHE_HOME/aifactory/tokens``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aifactory" / "tokens"


def cache_file(asked: Question, version: str) -> Path:
    """Where the answer to a question is kept; another version of the library answers anew."""
    key = json.dumps([version, asked], sort_keys=True)
    return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def kept(file: Path) -> Found | None:
    """A kept answer; None where there is none, or it cannot be read."""
    try:
        return Found.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def keep(file: Path, found: Found, notify: Callable[[str], None]) -> None:
    """Keep an answer, whole or not at all; where that fails, say so and go on."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=file.parent, prefix=file.stem, suffix=".part", delete=False
        ) as part:
            part.write(found.model_dump_json())
        Path(part.name).replace(file)
    except OSError as error:
        notify(
            f"the simulated tokens cannot be kept in {file.parent}: {error}; they are simulated again next time"
        )


def ask(asked: Question, what: str, program: tuple[str, ...], timeout_s: float) -> Answer:
    """Run the program for one question.

    Args:
        asked: The question.
        what: What it is about, for messages.
        program: The program and its arguments.
        timeout_s: How long it may take.

    Raises:
        NotModelledError: If it has no figure.
        ToolError: If it cannot be run, fails, takes too long, or answers in another form.
    """
    code, out, err = _run(asked, what, program, timeout_s)
    if code != 0:
        last = err.strip().splitlines()[-1:] or ["it said nothing"]
        raise ToolError(
            f"AIConfigurator failed for {what} (exit code {code}): {last[0][:500]};"
            " plan without simulated tokens, or install the version that the extra 'tokens' pins"
        )
    try:
        answer = TypeAdapter[Answer | Refused](Answer | Refused).validate_json(out)
    except ValidationError as error:
        raise ToolError(
            f"AIConfigurator answered for {what} in a form that is not understood: {out[:200]!r};"
            " install the version that the extra 'tokens' pins"
        ) from error
    if isinstance(answer, Refused):
        raise NotModelledError(
            f"AIConfigurator has no figure for {what}: {answer.refused.rstrip('.')};"
            " choose another economics.scenario or economics.model, or measure it"
        )
    return answer


def _run(asked: Question, what: str, program: tuple[str, ...], timeout_s: float) -> tuple[int, str, str]:
    """Exit code, output and errors; no process of it is left, however this ends."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            program,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(
            f"{program[0]} cannot be started: {error}; install Python and the extra 'tokens'"
        ) from error
    try:
        out, err = process.communicate(json.dumps(asked), timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ToolError(
            f"AIConfigurator takes more than {timeout_s:g} s for {what}; try again on a machine with less to do,"
            " or plan without simulated tokens"
        ) from error
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return process.returncode, out, err
