"""Overrides set what federation.yaml has a word for.

`overrides` are for keys of the chart that federation.yaml does not speak of. A port, a registry, an ingress host or an
engine that is set there goes past every check of this file: two parties could take one NodePort, and nobody would know
before Kubernetes refuses it. So what has a word of its own is said with it.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          python: {httpNodePort: 30107}  # error: FED415
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        ports: {fateflowHttp: 30107}
        overrides:
          python: {logLevel: DEBUG}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.overrides import Overridden, nodes, overridden, value_at
from planner.releases import FATE_SERVING
from planner.subject import Subject

FAULT = Fault("FED415", "setting_in_override")
_OF_BOTH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "registry": "registry",
        "imageTag": "imageTag",
        "pullPolicy": "pullPolicy",
        "imagePullSecrets": "imagePullSecrets",
        "istio.enabled": "istio",
        "podSecurityPolicy.enabled": "podSecurityPolicy",
        "ingressClassName": "ingress: {class: NAME}",
    }
)
"""Keys that are made from the same word in every chart."""
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_OF_BOTH,
        "persistence": "persistence",
        **{
            f"{above}.{key}": f"ingress: {{{interface}: {{hosts: [NAME]}}}}"
            for interface in ("fateboard", "client", "spark", "rabbitmq", "pulsar")
            for above, key in (
                ("ingress", interface),
                ("host", interface if interface in {"fateboard", "client"} else f"{interface}UI"),
            )
        },
        "modules": "modules",
        "backend": "engine",
        "computing": "engine",
        "federation": "engine",
        "storage": "engine",
        "algorithm": "algorithm",
        "device": "device",
        "rollsite.enableTLS": "tls",
        "osx.enableTLS": "tls",
        "python.type": "fateflow",
        "python.fateflowType": "fateflow",
        "python.httpNodePort": "ports: {fateflowHttp: PORT}",
        "python.fateflowNodePort": "ports: {fateflowHttp: PORT}",
        "python.grpcNodePort": "ports: {fateflowGrpc: PORT}",
        "python.loadBalancerIP": "exposure: {addresses: {python: ADDRESS}}",
        "python.pulsar.tenant": "pulsar: {tenant: NAME}",
        "serving.useRegistry": "serving: {useRegistry: true}",
        "externalMysqlIp": "mysql",
        "externalMysqlPort": "mysql",
        "externalMysqlDatabase": "mysql",
        "externalMysqlUser": "mysql",
        "externalMysqlPassword": "mysql",
    }
)
"""Keys of a cluster.yaml that are made from a word of federation.yaml, and that word."""
_SERVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_OF_BOTH,
        "persistence": "serving: {persistence: true}",
        "modules": "serving: {modules: [NAME]}",
        **{
            key: f"serving: {{ingress: {{{module}: {{hosts: [NAME]}}}}}}"
            for module in ("servingProxy", "servingAdmin")
            for key in (f"ingress.{module}", f"{module}.ingressHost", f"{module}.ingerssHost")
        },
        "servingServer.cacheType": "serving: {cache: WHERE}",
        "servingServer.singleAdaptor": "serving: {adapters: {single: CLASS}}",
        "servingServer.batchAdaptor": "serving: {adapters: {batch: CLASS}}",
        "servingServer.AdapterURL": "serving: {adapters: {url: URL}}",
        "externalRedisIp": "serving: {redis: ...}",
        "externalRedisPort": "serving: {redis: ...}",
        "externalRedisPassword": "serving: {redis: ...}",
    }
)
"""The same of chart fate-serving; `imageTag` is that of FATE's images and stays out of it."""
_OF_EXCHANGE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_OF_BOTH,
        "persistence": "persistence",
        "ingress.servingProxy": "ingress: {servingProxy: {hosts: [NAME]}}",
        "servingProxy.ingressHost": "ingress: {servingProxy: {hosts: [NAME]}}",
        "servingProxy.ingerssHost": "ingress: {servingProxy: {hosts: [NAME]}}",
    }
)
"""The words that an exchange has too."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every key under `overrides` that has a word of its own, and for every block taken away."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for file in overridden(subject):
        site = file.site
        words = _SERVED if file.chart == FATE_SERVING else _WORDS
        for node in nodes(file):
            if node.misfit is not None or file.is_dead(node.dotted):
                continue
            place = Place((*site.path, *file.path, *node.path), on_key=True)
            word = words.get(node.dotted)
            if word is not None and not _is_own(file, node.dotted):
                made = word.partition(":")[0]
                own = word if site.kind == "party" else _OF_EXCHANGE.get(node.dotted)
                hint = f"write `{own}` on {site.label} instead" if own is not None else "remove it"
                yield site, Diagnostic(FAULT, f"{node.dotted} is made from {made}", place, hint)
            elif node.dotted in file.modules and value_at(file.overrides, node.path) is None:
                message = f"null takes the whole block {node.dotted} away, with all that was planned for it"
                yield site, Diagnostic(FAULT, message, place, "name the keys that are to change, or remove this one")


def _is_own(file: Overridden, dotted: str) -> bool:
    """Whether only overrides can say a key: the word `imageTag` of a party is FATE's, not FATE-Serving's."""
    return file.chart == FATE_SERVING and dotted == "imageTag" and file.site.kind == "party"
