"""The network of a kind lab: kube-router gives pods their addresses, routes them, and enforces policies. Pure.

kind's own network plug-in enforces NetworkPolicies with a kernel feature (nftables queues) that not every
kernel has, and says nothing where it is missing; kube-router needs iptables and ipset alone.
"""

import json

from pydantic import JsonValue

from aifactory.manifests.kind_target import lab_image, realised
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render
from aifactory.plan.models import FactoryPlan

_CNI: JsonValue = {
    "cniVersion": "0.4.0",
    "name": "kube-router",
    "plugins": [
        {
            "type": "bridge",
            "name": "kubernetes",
            "bridge": "kube-bridge",
            "isDefaultGateway": True,
            "hairpinMode": True,
            # Below /run: what a restarted node had given out is forgotten with its pods.
            "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam-state"},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


def network_objects(plan: FactoryPlan) -> tuple[KubernetesObject, ...]:
    """kube-router with its rights and the configuration of the nodes' network plug-ins."""
    network = realised(plan).stack.network
    return render(
        "lab-network/kube-router.yaml.j2",
        {
            "image": lab_image("kube-router"),
            "cni": json.dumps(_CNI),
            "service_range": f"--service-cluster-ip-range={network.service_cidr}",
        },
    )
