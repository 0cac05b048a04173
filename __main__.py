"""The Pulumi program: configuration in, one AIFactory out."""

import asyncio
import gc
import os

import pulumi
import pulumi_kubernetes as kubernetes

from aifactory.deliver.program import prepare
from aifactory.errors import AIFactoryError
from components.factory import AIFactory

gc.disable()  # a short life and few cycles: collecting costs a tenth of the program's time


def _unheard(*_message: object, **_about: object) -> None:
    """Takes the place of the SDK's debug log: four messages a resource, each a call the program waits for."""


if not os.environ.get("AIFACTORY_DEBUG"):
    pulumi.log.debug = _unheard

config = pulumi.Config()
try:
    prepared = prepare(
        name=pulumi.get_stack(),
        raw=config.require_object("stack"),
        target=config.get("target"),
        kubeconfig=config.get("kubeconfig"),
        context=config.get("context"),
    )
except AIFactoryError as error:
    raise pulumi.RunError(str(error)) from None

cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=prepared.kubeconfig,
    context=prepared.context,
    cluster_identifier=prepared.cluster_uid,
    enable_server_side_apply=True,
    kube_client_settings=kubernetes.KubeClientSettingsArgs(qps=1000, burst=2000, timeout=60),
)
factory = AIFactory("factory", prepared.parts, pulumi.ResourceOptions(providers=[cluster]))
pulumi.export("target", prepared.target)
pulumi.export("pools", factory.pools)
pulumi.export("namespaces", factory.namespaces)
pulumi.export("notices", factory.notices)


async def _registrations_begun() -> None:
    """Let every registration begin, so that the SDK waits for those and not, each time anew, for all outputs."""
    await asyncio.sleep(0)


pulumi.run(_registrations_begun)
