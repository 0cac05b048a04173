"""All rules over all objects."""

from collections.abc import Iterable

from aifactory.manifests.model import KubernetesObject, ManifestModel
from aifactory.manifests.policy import access, images, namespaces, pods
from aifactory.manifests.policy.exceptions import Accepted, PolicyException, exceptions, sorted_out
from aifactory.manifests.policy.model import Manifests, Rule, Violation

RULES: tuple[Rule, ...] = (*pods.RULES, *images.RULES, *namespaces.RULES, *access.RULES)
"""Every rule that always holds, in the order in which they are asked."""


class Verdict(ManifestModel):
    """What the rules have against some objects."""

    objects: int
    rules: tuple[str, ...]
    """Names of the rules that were asked."""
    violations: tuple[Violation, ...]
    accepted: tuple[Accepted, ...]
    """Violations that a written exception covers."""

    @property
    def passed(self) -> bool:
        """Whether nothing is left that no exception covers."""
        return not self.violations


def judged(
    objects: Iterable[KubernetesObject],
    stack: str,
    *,
    digests: bool = False,
    allowed: tuple[PolicyException, ...] | None = None,
) -> Verdict:
    """What the rules have against objects that belong together.

    Rules look at Kubernetes' own kinds. What an operator makes of a custom resource, and what a chart brings,
    is not seen.

    Args:
        objects: The objects, their namespaces included: a workload whose namespace is not among them is
            judged as in one that is not privileged.
        stack: Name of the stack, which exceptions go by; empty where there is none.
        digests: Whether images need a digest.
        allowed: Exceptions; None means the project's own.

    Raises:
        ValueError: If an object lacks apiVersion, kind or metadata.name.
    """
    manifests = Manifests(objects)
    rules = (*RULES, images.DIGESTS) if digests else RULES
    found = [violation for rule in rules for violation in rule.violations(manifests)]
    answers = list(sorted_out(found, exceptions() if allowed is None else allowed, stack))
    return Verdict(
        objects=len(manifests.objects),
        rules=tuple(rule.name for rule in rules),
        violations=tuple(one for one in answers if isinstance(one, Violation)),
        accepted=tuple(one for one in answers if isinstance(one, Accepted)),
    )
