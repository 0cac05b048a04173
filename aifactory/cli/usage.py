"""Words on the command line that no command takes: one line instead of the parser's own text and exit code."""

import re

import typer
import typer.main

_GUESS = re.compile(r"\. Did you mean (.+)\?$")
_OF_OPTIONS = ("no such option", "missing option", "option ")
"""How the parser begins where an option is wrong, and not the value of one."""


def usage_line(app: typer.Typer, words: list[str], error: typer.TyperException) -> str:
    """What is wrong with the words, what is allowed, and where that is explained, in one line.

    Args:
        app: The whole command line.
        words: The words after the program's name.
        error: What the parser said.
    """
    context: typer.Context | None = getattr(error, "ctx", None) or _context(app, words)
    message = _GUESS.sub(
        r" (did you mean \1?)",
        error.format_message().replace("Value error, ", "").replace("Possible", "possible"),
    )
    what = "".join(one if one.isprintable() else "?" for one in " ".join(message.split())).rstrip(".")
    where = context.command_path if context is not None else "aifactory"
    return f"{where}: {what[:1].lower()}{what[1:]}; {_allowed(context, what)}; '{where} --help' explains it"


def _context(app: typer.Typer, words: list[str]) -> typer.Context | None:
    """Where the parser was, which an option without its value does not say."""
    command = typer.main.get_command(app)
    context = command.make_context("aifactory", [], resilient_parsing=True)
    for word in words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command, context = inner, inner.make_context(word, [], parent=context, resilient_parsing=True)
    return context  # type: ignore[return-value]  # the parser's own class is the base of typer's


def _allowed(context: typer.Context | None, what: str) -> str:
    """Commands or options that there are, whichever is meant; else the command's form."""
    if context is None:
        return "the words that its help lists are allowed"
    if what.lower().startswith(_OF_OPTIONS):
        options = {name for one in context.command.get_params(context) for name in one.opts}
        return f"options: {', '.join(sorted(name for name in options if name.startswith('--')))}"
    commands = getattr(context.command, "commands", None)
    if commands:
        return f"commands: {', '.join(commands)}"
    return " ".join(context.command.get_usage(context).split()).replace("Usage: ", "usage: ", 1)
