"""The Pulumi program: configuration in, one AIFactory out, or what a management cluster holds of a site."""

import pulumi
import pulumi_kubernetes as kubernetes

from aifactory.deliver.program import prepare
from aifactory.errors import AIFactoryError
from components.factory import declare
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
made = declare(prepared.parts, pulumi.ResourceOptions(providers=[cluster]))
pulumi.export("target", prepared.target)
pulumi.export("phase", cluster.id.apply(lambda _: prepared.promotion.outputs))  # only once entered
pulumi.export("pools", made.pools)
pulumi.export("namespaces", made.namespaces)
told = pulumi.Output.from_input(made.notices)
pulumi.export("notices", told.apply(lambda lines: [*prepared.promotion.notices, *lines]))
pulumi.run(begun)
