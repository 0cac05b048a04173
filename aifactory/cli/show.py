"""``aifactory show``: a stack with every value it works with, and where each is from."""

import math
from collections.abc import Iterator

import yaml
from pydantic import JsonValue
from rich.text import Text

from aifactory.catalog.load import catalog
from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import AsJson, OptionalStack, StackFile, find
from aifactory.plan.resolved import resolved
from aifactory.spec.hydrate import Leaf, Tree, hydrate, leaves
from aifactory.spec.load import CONFIG_KEY

_REMARKS = {"file": "", "default": "# default", "catalogue": "# catalogue"}
_COLUMN = 56
"""Where remarks begin, if the line is not longer."""
Line = tuple[str, str]
"""A line of YAML and the remark behind it."""


def _scalar(value: JsonValue) -> str:
    """A value in YAML, in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


def _item(tree: Tree, indent: int) -> Iterator[Line]:
    """An entry of a list: the first line has the dash."""
    for index, (text, remark) in enumerate(yaml_lines(tree, indent + 2)):
        yield (" " * indent + "- " + text.lstrip() if index == 0 else text), remark


def yaml_lines(tree: Tree, indent: int = 0) -> Iterator[Line]:
    """A hydrated stack as lines of YAML, each with a remark where the value is not in the file.

    Args:
        tree: The stack or a part of it.
        indent: Spaces before every line.
    """
    if isinstance(tree, Leaf):
        yield " " * indent + _scalar(tree.value), _REMARKS[tree.origin]
    elif isinstance(tree, list):
        for entry in tree:
            yield from _item(entry, indent)
    else:
        for key, inner in tree.items():
            begin = f"{' ' * indent}{_scalar(key)}:"
            if isinstance(inner, Leaf):
                yield f"{begin} {_scalar(inner.value)}", _REMARKS[inner.origin]
            else:
                yield begin, ""
                yield from yaml_lines(inner, indent + 2)


def show(stack: OptionalStack = None, file: StackFile = None, *, as_json: AsJson = False) -> None:
    """Print a stack with every value: those of the file, and the defaults and catalogue values it works with."""
    found = find(stack, file)
    tree = hydrate(found.stack, resolved(found.stack, catalog()))
    if as_json:
        values = {path: {"value": leaf.value, "from": leaf.origin} for path, leaf in leaves(tree)}
        print_data({"stack": found.name, "file": str(found.file), "values": values})
        return
    lines = yaml_lines({"config": {CONFIG_KEY: tree}})
    out.print(Text(f"# {found.name}, hydrated; a value without a remark is given in {found.file}"))
    for text, remark in lines:
        line = Text(text)
        if remark:
            line.append(" " * max(2, _COLUMN - len(text)) + remark, style="dim")
        out.print(line)
