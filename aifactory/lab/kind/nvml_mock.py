"""NVIDIA's own mock of a driver, nvml-mock, in the place of ours: who wants it installs it, the lab waits for it.

It lays out ``/var/lib/nvml-mock`` on each node it runs on (chart nvml-mock of NVIDIA/k8s-test-infra). The lab's
operands read a driver root at one place, so that place becomes a link to NVIDIA's, with the three things in it that
the operands read and NVIDIA's mock has elsewhere or not at all.
"""

import os
import time
from collections.abc import Mapping

from aifactory.deliver.cluster import at_once
from aifactory.errors import LabError
from aifactory.lab.furnish import Notify
from aifactory.lab.kind.cluster import KindCluster
from aifactory.lab.kind.layout import Worker
from aifactory.manifests.kind_target import DRIVER_ROOT

SWITCH = "AIFACTORY_KIND_MOCK"
"""Names the variable with which a person decides."""
OWN, NVML_MOCK = "own", "nvml-mock"
HOME = "/var/lib/nvml-mock"
"""Where NVIDIA's mock keeps everything on a node."""
TIMEOUT_S = 600.0
"""Time to install the chart, and for the nodes to pull its image."""
_POLL_S = 2.0
_READY, _ABSENT, _OURS = "ready", "absent", "ours"
_SCRIPT = f"""\
if [ -d {DRIVER_ROOT} ] && [ ! -L {DRIVER_ROOT} ]; then echo {_OURS}; exit 0; fi
root={HOME}/driver
if [ ! -e "$root/usr/lib64/libnvidia-ml.so.1" ] || [ ! -e "$root/dev/nvidia0" ] || \
   [ ! -e "$root/config/config.yaml" ]; then echo {_ABSENT}; exit 0; fi
mkdir -p "$root/etc" "$root/usr/bin" "$root/sys/bus/pci/devices"
echo "nvml-mock" > "$root/etc/machine-type"
if [ ! -e "$root/usr/bin/nvidia-cdi-hook" ]; then
  printf '#!/bin/sh\\nexit 0\\n' > "$root/usr/bin/nvidia-cdi-hook"
  chmod 755 "$root/usr/bin/nvidia-cdi-hook"
fi
if [ -d {HOME}/sys/bus/pci/devices ]; then
  cp -rL {HOME}/sys/bus/pci/devices/. "$root/sys/bus/pci/devices/"
fi
ln -sfn {HOME.rpartition("/")[2]}/driver {DRIVER_ROOT}
echo {_READY}
"""
"""PCI devices are copied without links: the pods that read them have this one folder in the place of the kernel's."""


def asked(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a person wants NVIDIA's mock.

    Raises:
        LabError: The variable has a value that is not allowed.
    """
    value = environ.get(SWITCH, "").strip() or OWN
    if value not in {OWN, NVML_MOCK}:
        raise LabError(
            f"{SWITCH} is '{value}'; {OWN} and {NVML_MOCK} are allowed; set it to one of them, or unset it"
        )
    return value == NVML_MOCK


def await_driver_roots(
    cluster: KindCluster, made: tuple[Worker, ...], notify: Notify, timeout_s: float = TIMEOUT_S
) -> None:
    """Every GPU worker has the driver root of NVIDIA's mock, where the lab's operands look for it.

    Args:
        cluster: The running kind cluster.
        made: Its workers.
        notify: Told what to install, and once that it is there.
        timeout_s: Seconds to wait.

    Raises:
        LabError: A worker has our own mock, or does not get NVIDIA's in time; names each.
    """
    names = [worker.container for worker in made if worker.pool is not None]
    deadline = time.monotonic() + timeout_s
    told = False
    while True:
        answers = at_once(lambda name: cluster.execute(name, _SCRIPT).split()[-1:], names)
        states = {name: (answer or [_ABSENT])[0] for name, answer in zip(names, answers, strict=True)}
        ours = sorted(name for name, state in states.items() if state == _OURS)
        absent = sorted(name for name, state in states.items() if state == _ABSENT)
        if ours:
            raise LabError(
                f"{', '.join(ours)} have the lab's own mock driver; NVIDIA's takes a lab that was made for it; run"
                f" 'aifactory lab down --target kind', and 'aifactory lab up' with {SWITCH}={NVML_MOCK}"
            )
        if not absent:
            break
        if not told:
            notify(
                f"waiting for NVIDIA's mock on {', '.join(absent)}: install the chart nvml-mock with"
                f" KUBECONFIG={cluster.kubeconfig}, one release a node (docs/kind.md)"
            )
            told = True
        if time.monotonic() > deadline:
            raise LabError(
                f"after {timeout_s:.0f} s {', '.join(absent)} have no {HOME}/driver with libnvidia-ml.so.1, nvidia0 and"
                f" config.yaml; {SWITCH}={NVML_MOCK} wants NVIDIA's chart nvml-mock on every GPU worker; install it"
                f" with KUBECONFIG={cluster.kubeconfig} and run again, or unset {SWITCH}"
            )
        time.sleep(_POLL_S)
    notify(
        f"{len(names)} workers have the driver root of NVIDIA's nvml-mock: it reports GPUs, and drives none"
    )
