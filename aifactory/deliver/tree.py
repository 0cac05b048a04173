"""The Bundle as files: one an object, a folder a layer, byte for byte the same on every machine."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from aifactory.deliver.staging import STAGING, is_below, refuse_file, refuse_links, remove_empty, staged
from aifactory.errors import AIFactoryError
from aifactory.manifests.model import Bundle, KubernetesObject, Release, key_of
from aifactory.manifests.names import dns_label

MARKER = ".aifactory-tree.json"
"""Names the files that were rendered; only these are ever replaced or removed."""
_AMBIGUOUS = re.compile(
    r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]+)?|[-+]?0[xXoObB][0-9a-fA-F_]+|[yYnN]"
)
"""Text that Go's YAML readers take for a number or a truth value, such as 08 or 1e3; PyYAML quotes only some of it."""
_NAME_LIMIT = 120


def as_yaml(content: object) -> str:
    """YAML with sorted keys, block style, no line folding, LF."""
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=10**6
    )


class _Dumper(yaml.SafeDumper):
    """Safe YAML without aliases: a shared value is written out each time."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    """Text in quotes wherever it could be read as something else."""
    style = "'" if _AMBIGUOUS.fullmatch(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


def _file_name(manifest: KubernetesObject) -> str:
    key = key_of(manifest)
    parts = [key.kind.lower(), *([key.namespace] if key.namespace else []), key.name]
    return f"{dns_label(*parts, limit=_NAME_LIMIT)}.yaml"


def _release(release: Release) -> str:
    return as_yaml({key: value for key, value in release.model_dump().items() if value is not None})


def files_of(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Relative path and text of every file of the tree.

    Objects are below ``manifests/``, which ``kubectl apply -R -f`` takes; charts are below ``charts/``.
    """
    for position, layer in enumerate(bundle.layers):
        folder = f"{position:02d}-{layer.name.value}"
        for manifest in layer.objects:
            yield f"manifests/{folder}/{_file_name(manifest)}", as_yaml(manifest)
        for release in layer.releases:
            yield f"charts/{folder}/{release.name}.yaml", _release(release)


def write_tree(bundle: Bundle, out: Path) -> tuple[int, int]:
    """The tree of a bundle is in a folder; files of an older tree that are no longer wanted are gone.

    Every file is complete before the first one is replaced.

    Args:
        bundle: What to write.
        out: The folder; made if it is not there.

    Returns:
        How many files were written or changed, and how many were removed.

    Raises:
        AIFactoryError: If the folder holds other files than ours, a folder in it is a link, or it cannot be written.
    """
    wanted = dict(files_of(bundle))
    try:
        refuse_file(out)
        before = _rendered_before(out)
        refuse_links(out, {*before, *wanted})
        out.parent.mkdir(parents=True, exist_ok=True)
        # A rename stays on one file system: a folder that is mounted is staged inside itself.
        beside = out if out.is_mount() else out.parent
        with staged(beside) as staging:
            return _replace(out, staging, wanted, before)
    except OSError as error:
        raise AIFactoryError(
            f"{out}: the tree cannot be written ({error.strerror or error}); a writable folder with enough space is"
            " needed; name another one with --out"
        ) from error


def _rendered_before(out: Path) -> set[str]:
    marker = out / MARKER
    if marker.is_file():
        return _listed(marker)
    if out.is_dir() and any(not entry.name.startswith(STAGING) for entry in out.iterdir()):
        raise AIFactoryError(
            f"{out}: the folder holds files that were not rendered by this tool; an empty folder, or one rendered"
            " before, is needed; name another one with --out"
        )
    return set()


def _listed(marker: Path) -> set[str]:
    """The files that a marker names; all of them are below its folder, or none is believed."""
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, list) or not all(isinstance(name, str) and is_below(name) for name in files):
        raise AIFactoryError(
            f"{marker}: is not the list of files that this tool keeps; one it wrote itself is needed;"
            " remove the folder, or name another one with --out"
        )
    return set(files)


def _replace(out: Path, staging: Path, wanted: dict[str, str], before: set[str]) -> tuple[int, int]:
    changed = [name for name, text in wanted.items() if not _same(out / name, text)]
    for name in changed:
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(wanted[name], encoding="utf-8", newline="\n")
    gone = sorted(before - set(wanted))
    out.mkdir(exist_ok=True)
    _mark(out, staging, set(wanted) | before)
    for name in changed:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / name, out / name)  # noqa: PTH105 - the atomic replace is the point
    for name in gone:
        (out / name).unlink(missing_ok=True)
        remove_empty(out, (out / name).parent)
    _mark(out, staging, set(wanted))
    return len(changed), len(gone)


def _mark(out: Path, staging: Path, files: set[str]) -> None:
    text = json.dumps({"files": sorted(files)}, indent=1) + "\n"
    (staging / MARKER).write_text(text, encoding="utf-8", newline="\n")
    os.replace(staging / MARKER, out / MARKER)  # noqa: PTH105 - the atomic replace is the point


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
