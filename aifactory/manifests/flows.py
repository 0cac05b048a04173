"""Who may talk to whom under default deny, on which port, and why: the flow table as data.

A row opens one direction for one set of pods. Both ends of a connection need a row where both are in
namespaces that are closed. Pods are picked by the labels that the pinned charts and operators write. Probes
of the kubelet need no row: traffic from a pod's own node is always let through.
"""

from aifactory.manifests.flow import Condition, Flow, Home, Peer, Pods, Port

OPERATOR = Pods(key="app", values=("gpu-operator",))
OPERATOR_JOBS = Pods(key="app.kubernetes.io/component", values=("gpu-operator",))
"""Upgrade and clean-up Jobs of the chart, which do not carry the operator's own ``app`` label."""
DRIVER = Pods(key="app.kubernetes.io/component", values=("nvidia-driver",))
"""Driver pods; their ``app`` label differs between ClusterPolicy and NVIDIADriver, this one does not."""
OPERANDS = Pods(
    key="app",
    values=(
        "gpu-feature-discovery",
        "nvidia-cc-manager",
        "nvidia-device-plugin-daemonset",
        "nvidia-mig-manager",
        "nvidia-node-status-exporter",
        "nvidia-operator-validator",
        "nvidia-vfio-manager",
        "nvidia-vgpu-device-manager",
    ),
)
STATUS_EXPORTER = Pods(key="app", values=("nvidia-node-status-exporter",))
DCGM = Pods(key="app", values=("nvidia-dcgm",))
DCGM_EXPORTER = Pods(key="app", values=("nvidia-dcgm-exporter",))
NFD = Pods(key="app.kubernetes.io/name", values=("node-feature-discovery",))
DRA_COMPONENT = "dra-driver-nvidia-gpu-component"
DRA_PODS = Pods(key=DRA_COMPONENT, values=("controller", "kubelet-plugin"))
DRA_CONTROLLER = Pods(key=DRA_COMPONENT, values=("controller",))
DRA_PLUGIN = Pods(key=DRA_COMPONENT, values=("kubelet-plugin",))
DRA_WEBHOOK = Pods(key=DRA_COMPONENT, values=("webhook",))
POOL_PATCH = Pods(key="app.kubernetes.io/name", values=("node-pool-patch",))
IMEX = Pods(key="resource.nvidia.com/computeDomain")
"""Daemons of compute domains; the label's value is the domain's UID."""
IMEX_PORT = Port(number=50000)
DCGM_PORT = Port(number=5555)


def _api(name: str, home: Home, pods: Pods, why: str, condition: Condition = Condition.ALWAYS) -> Flow:
    return Flow(
        name=name,
        home=home,
        pods=pods,
        direction="Egress",
        peer=Peer.API_SERVERS,
        condition=condition,
        why=why,
    )


def _scrape(name: str, home: Home, pods: Pods, *ports: int) -> Flow:
    return Flow(
        name=name,
        home=home,
        pods=pods,
        direction="Ingress",
        peer=Peer.MONITORING,
        ports=tuple(Port(number=port) for port in ports),
        why="monitoring scrapes metrics",
    )


def _both_ends(egress: Flow) -> tuple[Flow, Flow]:
    """Both ends of a connection inside one namespace, given the client's."""
    turned = {"direction": "Ingress", "pods": egress.peer_pods, "peer_pods": egress.pods}
    return (
        egress.model_copy(update={"name": f"{egress.name}-egress"}),
        egress.model_copy(update={"name": f"{egress.name}-ingress", **turned}),
    )


FLOWS: tuple[Flow, ...] = (
    Flow(
        name="allow-dns",
        home=Home.EVERY,
        pods=Pods(),
        direction="Egress",
        peer=Peer.DNS,
        ports=(Port(number=53, protocol="UDP"), Port(number=53)),
        why="names are resolved by the cluster's DNS pods",
    ),
    _api(
        "node-pool-patch-api",
        Home.SYSTEM,
        POOL_PATCH,
        "the Job of an adopted pool labels and taints its nodes",
    ),
    _api("operator-api", Home.GPU_OPERATOR, OPERATOR, "the operator reconciles through the API"),
    _api("operator-jobs-api", Home.GPU_OPERATOR, OPERATOR_JOBS, "Jobs of an upgrade change CRDs"),
    _scrape("operator-metrics", Home.GPU_OPERATOR, OPERATOR, 8080),
    _api("driver-api", Home.GPU_OPERATOR, DRIVER, "the driver manager cordons, drains and labels its node"),
    Flow(
        name="driver-mirrors",
        home=Home.GPU_OPERATOR,
        pods=DRIVER,
        direction="Egress",
        peer=Peer.MIRRORS,
        ports=(Port(number=80), Port(number=443)),
        why="the driver is built from packages of the operating system",
    ),
    _api("operands-api", Home.GPU_OPERATOR, OPERANDS, "operands read and label their node"),
    _scrape("node-status-metrics", Home.GPU_OPERATOR, STATUS_EXPORTER, 8000),
    _scrape("dcgm-exporter-metrics", Home.GPU_OPERATOR, DCGM_EXPORTER, 9400),
    *_both_ends(
        Flow(
            name="dcgm",
            home=Home.GPU_OPERATOR,
            pods=DCGM_EXPORTER,
            direction="Egress",
            peer=Peer.NAMESPACE_PODS,
            peer_pods=DCGM,
            ports=(DCGM_PORT,),
            condition=Condition.STANDALONE_DCGM,
            why="the exporter reads the standalone DCGM",
        )
    ),
    Flow(
        name="dcgm-health-ingress",
        home=Home.GPU_OPERATOR,
        pods=DCGM,
        direction="Ingress",
        peer=Peer.HEALTH,
        ports=(DCGM_PORT,),
        condition=Condition.STANDALONE_DCGM,
        why="health monitors read the standalone DCGM",
    ),
    _api("nfd-api", Home.GPU_OPERATOR, NFD, "feature discovery labels nodes"),
    _scrape("nfd-metrics", Home.GPU_OPERATOR, NFD, 8080),
    _api("dra-api", Home.DRA_DRIVER, DRA_PODS, "the driver publishes devices and prepares claims"),
    _scrape("dra-controller-metrics", Home.DRA_DRIVER, DRA_CONTROLLER, 8080),
    _scrape("dra-plugin-metrics", Home.DRA_DRIVER, DRA_PLUGIN, 8080, 8081),
    Flow(
        name="dra-webhook",
        home=Home.DRA_DRIVER,
        pods=DRA_WEBHOOK,
        direction="Ingress",
        peer=Peer.NODES,
        ports=(Port(number=443),),
        why="the API server asks the webhook from control-plane hosts",
    ),
    _api(
        "imex-api",
        Home.DRA_DRIVER,
        IMEX,
        "daemons of compute domains report who takes part",
        Condition.COMPUTE_DOMAINS,
    ),
    *_both_ends(
        Flow(
            name="imex-peers",
            home=Home.DRA_DRIVER,
            pods=IMEX,
            direction="Egress",
            peer=Peer.NAMESPACE_PODS,
            peer_pods=IMEX,
            ports=(IMEX_PORT,),
            condition=Condition.COMPUTE_DOMAINS,
            why="daemons of compute domains connect to their peers on other nodes",
        )
    ),
    _api("device-plugin-api", Home.DEVICE_PLUGIN, Pods(), "the configuration manager reads its node's label"),
    *_both_ends(
        Flow(
            name="service-peers",
            home=Home.SERVICE,
            pods=Pods(),
            direction="Egress",
            peer=Peer.NAMESPACE_PODS,
            why="ranks of a job and parts of a service talk to each other on ports they choose",
        )
    ),
    Flow(
        name="service-storage",
        home=Home.SERVICE,
        pods=Pods(),
        direction="Egress",
        peer=Peer.STORAGE,
        why="data and checkpoints; every storage product has ports of its own, so the address decides",
    ),
)
"""The whole table; :mod:`aifactory.manifests.network_policies` makes one policy of each row and namespace."""
