"""The patch step: labels and taints for nodes that no NodeFeatureRule can pick out.

A Job does it at once, and Pulumi waits for it: what comes after finds its nodes. A node that is deleted and
registers again, after a repair or a new image, is without the pool's labels and taint, and a Job that is
complete does not run again: a CronJob does the same work all the time.

- A returned node is back in its pool after :data:`HEALED_EVERY_MIN` minutes at most, and the seconds of a pod.
- Until then it has no taint: whoever cannot wait has the kubelet register it (``--register-with-taints``).
- Labels that the selector asks for have to be there when the node registers; nothing here writes them.
- Nothing is taken away: labels of an earlier declaration stay.
"""

from pydantic import JsonValue

from aifactory.manifests.cluster_api import named_by_content
from aifactory.manifests.foundation import SYSTEM_NAMESPACE
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render, render_one
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import GPU_TAINT, pool_labels
from aifactory.spec.provisioning import Adopt

PRODUCT_LABEL = "nvidia.com/gpu.product"
TAINT = f"{GPU_TAINT['key']}={GPU_TAINT['value']}:{GPU_TAINT['effect']}"
"""The GPU taint, as ``kubectl taint`` takes it."""
HEALED_EVERY_MIN = 5
"""Minutes from one start of the CronJob to the next."""
_DEADLINE_S = 240
"""Seconds a run may be late, and last: less than from one start to the next."""
_CRON_NAME_LIMIT = 52
"""Longest name of a CronJob: its Jobs add 11 characters
(https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/)."""


def selector(planned: PoolPlan) -> str:
    """The label selector of the patch step; empty where nothing is known to select by.

    Sharing adds a suffix to the product label once the plugin runs: nodes from before and after it are meant.

    Args:
        planned: The pool, worked out.
    """
    how = planned.pool.provisioning
    chosen = how.selector if isinstance(how, Adopt) else None
    if chosen is not None:
        return ",".join(f"{key}={value}" for key, value in sorted(chosen.items()))
    base = planned.pool.product_label or planned.system.gpu.product_label
    products = {product for product in (base, planned.product_label) if product is not None}
    return f"{PRODUCT_LABEL} in ({','.join(sorted(products))})" if products else ""


def _phases(planned: PoolPlan) -> dict[str, JsonValue]:
    """The three steps by the field of the pod that runs them; the last one alone is a container.

    No shell is involved, and what comes after ``--`` is never read as a flag. kubectl is content with a
    selector that matches no node, so the first step fails there instead.
    """
    picked = ["nodes", f"--selector={selector(planned)}"]
    labels = [f"{key}={value}" for key, value in pool_labels(planned).items()]
    first = "--output=jsonpath={.items[0].metadata.name}"
    find: dict[str, JsonValue] = {"name": "find", "args": ["get", *picked, first]}
    label: dict[str, JsonValue] = {"name": "label", "args": ["label", *picked, "--overwrite", "--", *labels]}
    taint: dict[str, JsonValue] = {"name": "taint", "args": ["taint", *picked, "--overwrite", "--", TAINT]}
    return {"initContainers": [find, label], "containers": [taint]}


def _again(job: KubernetesObject, planned: PoolPlan) -> KubernetesObject:
    """The CronJob that runs the Job's pods again; its name stays, so that a change is made in place."""
    spec = job["spec"]
    return render_one(
        "node-pools/patch-cron-job.yaml.j2",
        {
            "name": dns_label("pool", planned.name, limit=_CRON_NAME_LIMIT),
            "namespace": SYSTEM_NAMESPACE,
            "schedule": f"*/{HEALED_EVERY_MIN} * * * *",
            "deadline_s": _DEADLINE_S,
            "template": spec["template"] if isinstance(spec, dict) else None,
        },
    )


def patch(planned: PoolPlan, image: str, tolerations: list[dict[str, str]]) -> tuple[KubernetesObject, ...]:
    """Rights, the Job and the CronJob that label and taint the nodes of a pool.

    A changed size, label or image is a new Job, since a Job cannot be changed; the CronJob is changed in place.

    Args:
        planned: The pool, worked out; :func:`selector` is not empty for it.
        image: Image with ``kubectl`` on its path.
        tolerations: What the pods tolerate.
    """
    account = dns_label("pool", planned.name)
    common: dict[str, JsonValue] = {"namespace": SYSTEM_NAMESPACE, "account": account}
    job = named_by_content(
        "node-pools/patch-job.yaml.j2",
        {
            **common,
            "image": image,
            "nodes": str(planned.nodes),
            "tolerations": [dict(toleration) for toleration in tolerations],
            "phases": _phases(planned),
        },
        "pool",
        planned.name,
    )
    role = dns_label("aifactory", "pool", planned.name)
    rights = render("node-pools/patch-rights.yaml.j2", {**common, "role": role})
    return (*rights, job, _again(job, planned))
