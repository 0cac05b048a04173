"""The Pulumi program: configuration in, one AIFactory out."""

import pulumi
import pulumi_kubernetes as kubernetes

from aifactory.deliver.program import prepare
from aifactory.errors import AIFactoryError
from components.factory import AIFactory
from components.promotion import after_predecessor
from components.registration import begun, unburden

unburden()
config = pulumi.Config()
choices = ("target", "kubeconfig", "context", "gates", "predecessor", "cell")
try:
    prepared = prepare(
        name=pulumi.get_stack(),
        raw=config.require_object("stack"),
        **{choice: config.get(choice) for choice in choices},
    )
except AIFactoryError as error:
    raise pulumi.RunError(str(error)) from None

cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=prepared.kubeconfig,
    context=prepared.context,
    cluster_identifier=after_predecessor(prepared.promotion, prepared.cluster_uid),
    enable_server_side_apply=True,
    kube_client_settings=kubernetes.KubeClientSettingsArgs(qps=1000, burst=2000, timeout=60),
)
factory = AIFactory("factory", prepared.parts, pulumi.ResourceOptions(providers=[cluster]))
pulumi.export("target", prepared.target)
pulumi.export("phase", cluster.id.apply(lambda _: prepared.promotion.outputs))  # only once entered
pulumi.export("pools", factory.pools)
pulumi.export("namespaces", factory.namespaces)
pulumi.export("notices", factory.notices.apply(lambda told: [*prepared.promotion.notices, *told]))
pulumi.run(begun)
