"""What a node of a published image lacks is put onto it: the lab's own images, a network plug-in, a boot rule."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from aifactory.deliver.cluster import at_once
from aifactory.errors import LabError
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.logged import DISK_FULL, Notify
from aifactory.lab.kind.node_tree import FORGET_NETWORK
from aifactory.lab.kind.pinned_images import own_references

BRIDGE = "cni-bridge"
"""Tool that kube-router's configuration names and the published image lacks; it has the four that kind's own needs."""
IMPORT_TIMEOUT_S = 300.0
RESTRICTED = """\
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
"""
"""kind's patch of containerd's configuration for a machine on which no process can lower an OOM score."""
_PLACE = "/opt/cni/bin/bridge"
DROP_IN = "/etc/systemd/system/containerd.service.d/forget-network.conf"
IMPORT = ("ctr", "--namespace=k8s.io", "images", "import", "--no-unpack", "-")
_SCRIPT = f"""\
umask 022
chmod 755 {_PLACE}
mkdir -p /etc/cdi {DROP_IN.rpartition("/")[0]}
cat > {DROP_IN} <<'END_OF_FILE'
{FORGET_NETWORK}END_OF_FILE
touch /run/booted
systemctl daemon-reload
ctr --namespace=k8s.io images ls -q
"""
"""``/run/booted`` is there: what this boot has written of the network stays when containerd is restarted."""


def furnish_nodes(
    cluster: KindCluster, nodes: Iterable[str], archive: Path, bridge: Path, notify: Notify
) -> None:
    """Every node has the lab's own images and what else our own node image has; again, it changes nothing.

    Args:
        cluster: The running kind cluster.
        nodes: Names of all its nodes.
        archive: Archive of the images.
        bridge: The program of the network plug-in.
        notify: Told before, with the size.

    Raises:
        LabError: A node refuses, has no room, or lacks an image afterwards.
    """
    names = tuple(nodes)
    notify(f"putting the lab's images onto {len(names)} nodes ({archive.stat().st_size >> 20} MiB each)")
    at_once(lambda node: _furnish(cluster, node, archive, bridge), names)


def _furnish(cluster: KindCluster, node: str, archive: Path, bridge: Path) -> None:
    try:
        cluster.feed(node, IMPORT, archive, timeout_s=IMPORT_TIMEOUT_S)
        cluster.copy(bridge, node, _PLACE)
    except LabError as error:
        if DISK_FULL not in str(error).lower():
            raise
        raise LabError(
            f"{node} has no room for the lab's images of {archive.stat().st_size >> 20} MiB; every node keeps a copy in"
            " the data folder of the container engine; make room there and run again"
        ) from error
    missing = sorted(set(own_references()) - set(cluster.execute(node, _SCRIPT).split()))
    if missing:
        raise LabError(
            f"containerd of {node} did not take {', '.join(missing)}; every image has to be on every node; try"
            f" '{shlex.join(IMPORT)}' there with {archive}"
        )
