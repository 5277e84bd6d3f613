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
          python: {httpNodePort: 30097}  # error: FED415
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
        ports: {fateflowHttp: 30097}
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
from planner.overrides import nodes, overriding_sites, value_at
from planner.subject import Subject

FAULT = Fault("FED415", "setting_in_override")
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "registry": "registry",
        "imageTag": "imageTag",
        "pullPolicy": "pullPolicy",
        "imagePullSecrets": "imagePullSecrets",
        "persistence": "persistence",
        "istio.enabled": "istio",
        "podSecurityPolicy.enabled": "podSecurityPolicy",
        "ingressClassName": "ingress: {class: NAME}",
        "ingress.fateboard": "ingress: {fateboard: {hosts: [NAME]}}",
        "ingress.client": "ingress: {client: {hosts: [NAME]}}",
        "host.fateboard": "ingress: {fateboard: {hosts: [NAME]}}",
        "host.client": "ingress: {client: {hosts: [NAME]}}",
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
        "externalMysqlIp": "mysql",
        "externalMysqlPort": "mysql",
        "externalMysqlDatabase": "mysql",
        "externalMysqlUser": "mysql",
        "externalMysqlPassword": "mysql",
    }
)
"""Keys of a cluster.yaml that are made from a word of federation.yaml, and that word."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every key under `overrides` that has a word of its own, and for every block taken away."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release, chart in overriding_sites(subject):
        modules = subject.modules(site)
        for node in nodes(site.overrides, release, chart):
            if node.misfit is not None or release.is_dead(chart, node.dotted):
                continue
            place = Place((*site.path, "overrides", *node.path), on_key=True)
            word = _WORDS.get(node.dotted)
            if word is not None:
                hint = f"write `{word}` on {site.label} instead" if site.kind == "party" else "remove it"
                yield site, Diagnostic(FAULT, f"{node.dotted} is made from {word.partition(':')[0]}", place, hint)
            elif node.dotted in modules and value_at(site.overrides, node.path) is None:
                message = f"null takes the whole block {node.dotted} away, with all that was planned for it"
                yield site, Diagnostic(FAULT, message, place, "name the keys that are to change, or remove this one")
