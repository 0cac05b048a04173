"""Truth tables of stacks, and small worlds to evaluate policies in."""

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.cli.inputs import choose_part
from aifactory.manifests.model import Bundle
from aifactory.manifests.network_policies import NetworkPoliciesArgs, layers
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.manifests.probe.endpoints import NAME_LABEL, Endpoint, PortId, mask_of
from aifactory.manifests.probe.evaluate import Evaluator
from aifactory.manifests.probe.matrix import everything
from aifactory.manifests.probe.table import TruthTable, truth_table
from aifactory.spec.stack import Target

ROOT = Path(__file__).resolve().parents[2]
STACKS = sorted(
    path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    for path in (ROOT / "stacks").glob("Pulumi.*.yaml")
)
NCA = "network-config-analyzer 2.1.0"


@cache
def table_of(stack: str) -> TruthTable:
    """The truth table of a stack of the repository, of its first cell."""
    plan = choose_part(stack, None, Target.SIMULATED, "0").plan
    parts = parts_of(plan)
    tenants = [name for tenant in plan.stack.tenants for name in tenant.namespaces]
    return truth_table(parts.network_policies, bundle_of(parts), tenants)


def table_with(args: NetworkPoliciesArgs) -> TruthTable:
    """The truth table of the layer alone."""
    return truth_table(args, Bundle(stack="test", layers=layers(args)))


def policy(spec: dict[str, Any], name: str = "p", namespace: str = "a") -> dict[str, Any]:
    """A NetworkPolicy."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def pod(name: str, address: str = "10.0.0.1", **more: Any) -> Endpoint:
    """A pod, named ``<namespace>/<name>``."""
    space = name.partition("/")[0]
    labels = {NAME_LABEL: space, "team": space, **more.pop("namespace_labels", {})}
    return Endpoint(name=name, place=space, namespace=space, address=address, namespace_labels=labels, **more)


def open_ports(
    policies: Iterable[dict[str, Any]], source: Endpoint, destination: Endpoint, ports: Sequence[PortId]
) -> list[str]:
    """The ports that are open from one endpoint to another one."""
    matrix = Evaluator([source, destination], ports).matrix(policies)
    return [str(port) for index, port in enumerate(ports) if matrix.open(0, 1) >> index & 1]


def nca() -> str:
    """The program of an independent analyzer; the test is skipped where it is not installed."""
    oracle = Path(sys.executable).parents[1] / "oracle" / "bin"  # made by make, from requirements.oracle.lock
    beside = f"{oracle}{os.pathsep}{os.environ.get('PATH', '')}"
    found = os.environ.get("AIFACTORY_NCA") or shutil.which("nca", path=beside)
    if not found:
        pytest.skip(
            f"{NCA} is not installed (AIFACTORY_NCA may name its program): no second opinion on the policies"
        )
    return found


def second_opinion(
    table: TruthTable, policies: Sequence[dict[str, Any]], folder: Path
) -> dict[tuple[int, int], int]:
    """What the independent analyzer says is open, as bits of the table's ports, for all pairs of endpoints."""
    objects = [*_namespaces(table), *_pods(table), *policies]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects))
    command = [nca(), "--connectivity", str(folder), "-r", str(folder), "--output_endpoints", "pods"]
    command += ["-o", "txt_no_fw_rules", "--return_0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "global: " in done.stdout, done.stdout + done.stderr
    found: dict[tuple[int, int], int] = {}
    for line in done.stdout.splitlines():
        ends, arrow, said = line.partition(" : ")
        if " => " not in ends or not arrow:
            continue
        source, destination = ends.split(" => ")
        mask = _said(said, table.ports)
        for one in _indices(source, table):
            for other in _indices(destination, table):
                found[one, other] = found.get((one, other), 0) | mask
    return found


def _namespaces(table: TruthTable) -> list[dict[str, Any]]:
    labels = {one.namespace: one.namespace_labels for one in table.endpoints if one.namespace}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(these)}}
        for name, these in labels.items()
    ]


def _pods(table: TruthTable) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{index}", "namespace": one.namespace, "labels": dict(one.labels)},
            "spec": {},
            "status": {"podIP": one.address},
        }
        for index, one in enumerate(table.endpoints)
        if one.is_pod
    ]


def _indices(end: str, table: TruthTable) -> list[int]:
    if "/" in end:
        return [int(end.rpartition("/p")[2])]
    first, _, last = end.partition("-")
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last or first)
    return [
        index
        for index, one in enumerate(table.endpoints)
        if not one.is_pod and low <= ipaddress.ip_address(one.address) <= high  # type: ignore[operator]
    ]


def _said(said: str, ports: Sequence[PortId]) -> int:
    """Ports of the analyzer's words, such as ``{protocols:TCP, UDP,dst_ports:53,80-90}``."""
    if said == "All connections":
        return everything(ports)
    found = 0
    parts = re.findall(r"\{protocols:([A-Z, ]+?)(?:,dst_ports:([0-9,-]+))?\}", said)
    assert parts, said
    for protocols, numbers in parts:
        names = {name.strip() for name in protocols.split(",")}
        ranges = [part.partition("-") for part in (numbers or "1-65535").split(",")]
        wanted = [
            port
            for port in ports
            if port.protocol in names
            and any(int(first) <= port.number <= int(last or first) for first, _, last in ranges)
        ]
        found |= mask_of(ports, wanted)
    return found
