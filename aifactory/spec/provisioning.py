"""How a pool's nodes come to be: adopted, made by Cluster API, or simulated."""

from typing import Annotated, Literal

from pydantic import Field

from aifactory.spec.units import (
    Count,
    DnsLabel,
    LabelKey,
    LabelValue,
    Percent,
    Seconds,
    Section,
)


class Adopt(Section):
    """The nodes exist already; they are picked by labels, then labelled and tainted."""

    kind: Literal["adopt"] = "adopt"
    selector: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)] | None = None
    """Node labels that pick the pool's nodes; none means the GPU product and the PCI vendor label."""


class HostTemplate(Section):
    """Bare-metal machines through Metal3: which image goes on which hosts."""

    kind: Literal["metal3"] = "metal3"
    image_url: Annotated[str, Field(pattern=r"^https?://")]
    """Address of the operating-system image."""
    image_checksum: str
    """Checksum of the image, or the address of a checksum file."""
    image_checksum_type: Literal["sha256", "sha512"] = "sha256"
    image_format: Literal["raw", "qcow2"] = "raw"
    host_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels of the BareMetalHosts to use; the rack label is added for pools made of racks."""


class NicoTemplate(Section):
    """Bare-metal instances through NVIDIA Infra Controller (NICo)."""

    kind: Literal["nico"] = "nico"
    vpc_id: str
    """Identifier of the virtual private cloud of the cluster."""
    instance_type_id: str
    """Identifier of the instance type that is the pool's system."""
    vpc_prefix_id: str
    """Identifier of the prefix that the first interface gets its address from."""
    ipxe_script: str
    """iPXE script that boots the instance into its operating system."""
    infiniband_partition_id: str | None = None
    nvlink_logical_partition_id: str | None = None


class ClusterApi(Section):
    """Machines made by Cluster API (contract v1beta2), one MachineDeployment per rack group."""

    kind: Literal["cluster-api"] = "cluster-api"
    cluster_name: DnsLabel
    """Name of the Cluster object the machines belong to."""
    namespace: DnsLabel
    """Namespace of the Cluster API objects."""
    kubernetes_version: Annotated[str, Field(pattern=r"^v1\.[0-9]+\.[0-9]+$")]
    bootstrap_template: DnsLabel
    """Name of an existing KubeadmConfigTemplate that holds the nodes' boot configuration."""
    template: Annotated[HostTemplate | NicoTemplate, Field(discriminator="kind")]
    racks_per_group: Count = 1
    """Racks in one MachineDeployment; an NVLink domain is never cut."""
    drain_timeout_s: Seconds = 600
    """How long pods get to leave a node before it is deleted."""
    startup_timeout_s: Seconds = 3600
    """How long a machine may take to become a node; bare metal is imaged and rebooted in that time."""
    unhealthy_after_s: Seconds = 900
    """How long a node may be not ready before its machine is remediated."""
    max_unhealthy: Percent = "20%"
    """Above this share of unhealthy machines nothing is remediated: it is no longer a single fault."""


class Simulated(Section):
    """The lab makes the nodes; there is no hardware behind them."""

    kind: Literal["simulated"] = "simulated"


Provisioning = Annotated[Adopt | ClusterApi | Simulated, Field(discriminator="kind")]
