"""Rules of what runs: which image, with what it asks for, and on which nodes."""

from collections.abc import Iterator

from aifactory.manifests.disruption.model import mapping_at
from aifactory.manifests.policy.model import Found, Manifests, Rule, listed

_ASKED = ("cpu", "memory")


def _tag(image: str) -> str | None:
    """The tag of an image reference; None without one. A port of a registry is no tag."""
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2] or None


def _images(manifests: Manifests) -> Iterator[tuple[str, str, str]]:
    for workload in manifests.workloads():
        for name, container in workload.containers:
            yield workload.key, name, str(container.get("image", ""))


def _floating(manifests: Manifests) -> Iterator[Found]:
    for key, name, image in _images(manifests):
        if "@sha256:" in image:
            continue
        tag = _tag(image)
        if tag is None or tag == "latest":
            yield Found(key, f"the container {name} runs {image or 'no image'}, which can change any day")


def _undigested(manifests: Manifests) -> Iterator[Found]:
    for key, name, image in _images(manifests):
        if "@sha256:" not in image:
            yield Found(key, f"the container {name} runs {image or 'no image'}, which has no digest")


def _requests(manifests: Manifests) -> Iterator[Found]:
    for workload in manifests.workloads():
        for name, container in workload.containers:
            # A limit stands for the request where none is written.
            asked = mapping_at(container, "resources", "limits") | mapping_at(
                container, "resources", "requests"
            )
            missing = [what for what in _ASKED if what not in asked]
            if missing:
                yield Found(workload.key, f"the container {name} requests no {' and no '.join(missing)}")


def _tolerations(manifests: Manifests) -> Iterator[Found]:
    for workload in manifests.workloads():
        for item in listed(workload.pod.get("tolerations")):
            if not mapping_at(item).get("key"):
                effect = mapping_at(item).get("effect") or "any effect"
                yield Found(workload.key, f"it tolerates every taint of {effect}")


RULES = (
    Rule(
        "image-pinned",
        "an image has a tag other than latest, or a digest",
        "pin the image in the catalogue or in the stack file",
        _floating,
    ),
    Rule(
        "requests-set",
        "every container requests cpu and memory, so that the scheduler knows what a node has left",
        "set resources.requests in the template",
        _requests,
    ),
    Rule(
        "toleration-narrow",
        "a toleration names the key of the taint it is for",
        "name the taint, for example nvidia.com/gpu with the operator Exists",
        _tolerations,
    ),
)
"""The rules of this module that always hold."""

DIGESTS = Rule(
    "image-digest",
    "an image has a digest, so that a registry cannot serve another one",
    "write <image>@sha256:<digest>, as `crane digest` prints it",
    _undigested,
)
"""Asked for where images come from a registry that is not trusted to keep its tags."""
