"""The README of a tree: what it is, and what is not in it."""

from collections.abc import Iterator

from aifactory.manifests.gitops.model import Site
from aifactory.spec.delivery import GitOpsEngine
from aifactory.spec.stack import Target

_ENGINES = {GitOpsEngine.ARGOCD: "Argo CD", GitOpsEngine.FLUX: "Flux"}


def guide(site: Site) -> str:
    """The text of a stack's README.md: its cells and waves, how to begin, what is left out."""
    return "\n".join(_lines(site)) + "\n"


def _lines(site: Site) -> Iterator[str]:
    engine = _ENGINES[site.place.engine]
    where = "a management cluster" if site.remote else "its only cell"
    yield f"# {site.name}"
    yield ""
    yield "Rendered by `aifactory render`; change the stack file, not these files."
    yield ""
    yield f"{engine} on {where} reads this folder as `{site.path}` of {site.place.repository}"
    yield f"(branch `{site.place.revision}`). To begin: `kubectl apply --server-side -k management`."
    yield ""
    if site.plan.target is not Target.CLUSTER:
        yield f"The target is {site.plan.target.value}: the nodes are not real, and operators are not installed."
        yield ""
    yield "| wave | cells |"
    yield "|---|---|"
    for wave in range(1, site.waves + 1):
        names = [view.name for view in site.cells if view.wave == wave]
        yield f"| {wave} | {names[0] if len(names) == 1 else f'{len(names)}: {names[0]} to {names[-1]}'} |"
    missing = {name: why for view in site.cells for name, why in view.skipped.items()}
    if missing:
        yield ""
        yield "Not in this tree:"
        yield ""
        for name, why in sorted(missing.items()):
            yield f"- chart `{name}`: {why}"
