"""What is printed: results on standard output, progress and errors on standard error."""

from rich.console import Console

out = Console(soft_wrap=True, highlight=False)
"""Results."""
err = Console(stderr=True, soft_wrap=True, highlight=False)
"""Progress and errors."""


def note(message: str) -> None:
    """One line of progress."""
    err.print(f"  {message}", markup=False)


def step(message: str) -> None:
    """A step that begins."""
    err.print(message, style="bold", markup=False)
