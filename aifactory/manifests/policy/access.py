"""Rules of secrets and rights."""

import re
from collections.abc import Iterator

from aifactory.manifests.disruption.model import at, mapping_at
from aifactory.manifests.policy.model import Found, Manifests, Rule, listed

_SECRET_NAME = re.compile(r"passw|passphrase|token|secret|api_?key|access_?key|private_?key", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}|\bgh[pousr]_\w{20,}|\bnvapi-\w{20,}"
)
_ADMIN = "cluster-admin"


def _secrets(manifests: Manifests) -> Iterator[Found]:
    for key, item in manifests.of_kind("Secret"):
        held = sorted({*mapping_at(item, "data"), *mapping_at(item, "stringData")})
        if held:
            yield Found(key, f"it holds values of {', '.join(held)}")


def _written_out(manifests: Manifests) -> Iterator[Found]:
    for workload in manifests.workloads():
        for name, container in workload.containers:
            for variable in listed(container.get("env")):
                called = str(at(variable, "name"))
                if at(variable, "value") and _SECRET_NAME.search(called):
                    yield Found(workload.key, f"the container {name} has the value of {called} written out")
    for key, item in manifests.of_kind("ConfigMap"):
        for called, text in mapping_at(item, "data").items():
            if isinstance(text, str) and _SECRET_TEXT.search(text):
                yield Found(key, f"{called} holds what looks like a key")


def _wildcards(manifests: Manifests) -> Iterator[Found]:
    for key, item in manifests.of_kind("ClusterRole", "Role"):
        for rule in listed(item, "rules"):
            if "*" in listed(rule, "verbs"):
                what = listed(rule, "resources") or listed(rule, "nonResourceURLs")
                yield Found(key, f"it may do everything with {', '.join(map(str, what))}")
            elif "*" in listed(rule, "resources"):
                yield Found(key, f"it may {', '.join(map(str, listed(rule, 'verbs')))} every resource")
    for key, item in manifests.of_kind("ClusterRoleBinding", "RoleBinding"):
        if at(item, "roleRef", "name") == _ADMIN:
            yield Found(key, f"it gives {_ADMIN}")


RULES = (
    Rule(
        "secret-with-data",
        "a secret is named, never written: secretRef, External Secrets or Pulumi's encrypted configuration hold it",
        "take the Secret out of the stack and let the cluster's secret store provide it",
        _secrets,
    ),
    Rule(
        "secret-written-out",
        "values of secrets come from a Secret",
        "use valueFrom.secretKeyRef",
        _written_out,
    ),
    Rule(
        "rights-narrow",
        "a role names its verbs and its resources, and nobody is given cluster-admin",
        "list what the workload needs",
        _wildcards,
    ),
)
"""The rules of this module."""
