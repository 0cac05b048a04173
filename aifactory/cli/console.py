"""What is printed: results on standard output, progress and errors on standard error."""

import codecs
import io
import sys
import unicodedata

from rich.console import Console

out = Console(soft_wrap=True, highlight=False)
"""Results."""
err = Console(stderr=True, soft_wrap=True, highlight=False)
"""Progress and errors."""
_DEGRADED = "aifactory-degraded"
_PLAIN = {"≥": ">=", "≤": "<=", "…": "...", "→": "->", "\u2013": "-", "\u2014": "-", "\u2019": "'"}
"""What stands for a character where the terminal has none such."""


def note(message: str) -> None:
    """One line of progress."""
    err.print(f"  {message}", markup=False)


def step(message: str) -> None:
    """A step that begins."""
    err.print(message, style="bold", markup=False)


def print_data(value: object) -> None:
    """One JSON object on standard output, whole in every encoding: what it lacks is escaped, not replaced."""
    out.print_json(data=value, ensure_ascii=not out.encoding.lower().startswith("utf"))


def degrade_output() -> None:
    """Characters that a terminal's encoding lacks are printed as plain ones from here on: output never fails."""
    codecs.register_error(_DEGRADED, _degraded)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_DEGRADED)


def _degraded(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """ASCII in the place of a character: a like one, the letter below an accent, or a question mark."""
    letter = unicodedata.normalize("NFD", character)[:1]
    return _PLAIN.get(character) or (letter if letter.isascii() else "?")
