"""What a user sees of the engine's failures: its diagnostics, without its progress."""

import re

from aifactory.errors import EngineError

_NOISE = re.compile(
    r"^(Previewing|Updating|Destroying|View |@ |error: (preview|update|destroy) failed$|Resources:|Duration:|\s*$)"
)
_WRONG_KEY = "incorrect passphrase"
_LINES = 40


def failure(what: str, error: Exception) -> EngineError:
    """The error that a user sees.

    Args:
        what: What failed.
        error: What the engine or its library says; mostly all that was printed.
    """
    text = str(error)
    if _WRONG_KEY in text:
        return EngineError(
            f"{what}: the passphrase is wrong; the one the stack was made with is needed;"
            " set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to it; nothing was changed"
        )
    return EngineError(f"{what}: {diagnostics(text)}")


def diagnostics(text: str) -> str:
    """The engine's own errors without its progress lines."""
    wanted = text.partition("Diagnostics:")[2] or text.rpartition("stderr:")[2] or text
    wanted = wanted.partition("\nOutputs:")[0].partition("\nResources:")[0]
    lines = [line.strip() for line in wanted.splitlines() if not _NOISE.match(line.strip())]
    return "\n  ".join(lines[:_LINES]) or text.strip()[-400:]
