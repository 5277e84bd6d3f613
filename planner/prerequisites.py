"""What must exist before a site is installed, because neither KubeFATE's service nor any chart creates it.

For target `kubernetes`, apply makes a missing namespace where the operator may; all else is as for the charts.

Sources: reference cluster-yaml.md INV-NS-2, INV-NS-5, INV-NS-6, INV-EGG-13, INV-PUL-6, INV-DB-1, INV-PVC-1; contents of
the Secrets: v1.11.2:docs/Eggroll_with_TLS.md and v1.11.2:docs/Pulsar_Exchange.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from planner.channels import Channel
from planner.doors import speaks_tls
from planner.kubernetes_target import has_manifests
from planner.model import Ingress
from planner.plan import Plan, PlannedSite
from planner.secret_references import is_reference

Kind = Literal["Namespace", "Secret", "PersistentVolumeClaim", "StorageClass", "Database"]

EGGROLL_CERTS: Final = ("ca.pem", "client.crt", "client.key", "server.crt", "server.key")
PULSAR_CERT: Final = ("broker.cert.pem", "broker.key-pk8.pem", "ca.cert.pem")
TRAFFIC_SERVER_CERT: Final = ("ca.cert.pem", "proxy.cert.pem", "proxy.key.pem")


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing that must exist: its kind and name, where, what it must hold, and what it is for (a clause).

    `namespace` is empty for what belongs to the cluster or lies outside it. `keys` are those of a Secret.
    """

    kind: Kind
    namespace: str
    name: str
    reason: str
    keys: tuple[str, ...] = ()


def prerequisites(plan: Plan, planned: PlannedSite) -> tuple[Prerequisite, ...]:
    """All that one site needs, each once: namespaces first, the rest in the order of the kinds' use."""
    if planned.site.target not in {"kubefate", "helm", "kubernetes"}:
        return ()
    found: dict[tuple[str, str, str], Prerequisite] = {}
    for each in (*_namespaces(planned), *_secrets(plan, planned), *_volumes(planned), *_database(planned)):
        found.setdefault((each.kind, each.namespace, each.name), each)
    return tuple(found.values())


def _namespaces(planned: PlannedSite) -> Iterator[Prerequisite]:
    site = planned.site
    made = "; apply makes it where the operator may" if has_manifests(site) else ""
    yield Prerequisite("Namespace", "", site.namespace, f"{site.label} is installed there{made}")
    if planned.serving is not None:
        name = planned.serving.settings.namespace
        yield Prerequisite("Namespace", "", name, f"FATE-Serving of {site.label} is installed there{made}")


def _secrets(plan: Plan, planned: PlannedSite) -> Iterator[Prerequisite]:
    site = planned.site
    serving = planned.serving if site.kind == "party" else None
    for name in site.pull_secrets:
        yield Prerequisite("Secret", site.namespace, name, "images are pulled with it")
        if serving is not None and (has_manifests(site) or serving.release.reads("imagePullSecrets")):
            yield Prerequisite("Secret", serving.settings.namespace, name, "images are pulled with it")
    if site.tls and planned.release.has_tls and not has_manifests(site) and Channel.ROLLSITE in planned.channels:
        reason = "rollsite mounts it; the certificates of all sites have one authority"
        yield Prerequisite("Secret", site.namespace, "eggroll-certs", reason, EGGROLL_CERTS)
    if Channel.PULSAR in planned.channels:
        if site.kind == "exchange":
            reason = "trafficServer mounts it; its authority is that of the brokers"
            yield Prerequisite("Secret", site.namespace, "traffic-server-cert", reason, TRAFFIC_SERVER_CERT)
        elif speaks_tls(site, plan.topology):
            domain = plan.table(planned, Channel.PULSAR).domain
            reason = f"Pulsar mounts it; the certificate is for {planned.id}.{domain}"
            yield Prerequisite("Secret", site.namespace, "pulsar-cert", reason, PULSAR_CERT)
    yield from _ingress(site.ingress, site.namespace)
    if serving is not None:
        yield from _ingress(serving.settings.ingress, serving.settings.namespace)
    yield from _referenced(planned)


def _ingress(ingress: Ingress, namespace: str) -> Iterator[Prerequisite]:
    for component, settings in ingress.hosts.items():
        if "tlsSecret" in settings:
            yield Prerequisite("Secret", namespace, settings["tlsSecret"], f"the ingress of {component} presents it")


def _referenced(planned: PlannedSite) -> Iterator[Prerequisite]:
    """Secrets that passwords are taken from."""
    site, texts = planned.site, dict(planned.site.credentials)
    if site.mysql is not None:
        texts["mysql"] = site.mysql.password
    if planned.serving is not None:
        texts |= {f"serving {name}": text for name, text in planned.serving.settings.credentials.items()}
        if planned.serving.settings.redis is not None:
            texts["serving redis"] = planned.serving.settings.redis.password
    for name, text in texts.items():
        if is_reference(text) and text.startswith("secret:"):
            place, _, key = text.removeprefix("secret:").partition("#")
            namespace, _, secret = place.partition("/")
            yield Prerequisite("Secret", namespace, secret, f"the {name} password is taken from it", (key,))


def _volumes(planned: PlannedSite) -> Iterator[Prerequisite]:
    site = planned.site
    if site.persistence:
        yield from _claims(site.storage, site.components, planned.cluster.storage_class, site.namespace, site.label)
    serving = planned.serving if site.kind == "party" else None
    if serving is not None and serving.settings.persistence:
        settings = serving.settings
        who = f"FATE-Serving of {site.label}"
        default = planned.cluster.storage_class
        yield from _claims(settings.storage, settings.components, default, settings.namespace, who)


def _claims(
    shared: Mapping[str, str],
    components: Mapping[str, Mapping[str, Any]],
    default: str | None,
    namespace: str,
    who: str,
) -> Iterator[Prerequisite]:
    """The claims and classes that are written for the volumes of one installation."""
    volumes = [({"storageClass": default} if default else {}) | dict(shared)]
    volumes += [dict(settings["storage"]) for settings in components.values() if "storage" in settings]
    for volume in volumes:
        if "existingClaim" in volume:
            reason = f"{who} keeps data in it"
            yield Prerequisite("PersistentVolumeClaim", namespace, volume["existingClaim"], reason)
        elif "storageClass" in volume:
            yield Prerequisite("StorageClass", "", volume["storageClass"], f"volumes of {who} are made of it")


def _database(planned: PlannedSite) -> Iterator[Prerequisite]:
    mysql = planned.site.mysql
    if mysql is not None:
        eggroll = Channel.ROLLSITE in planned.channels
        reason = "the user may do everything in it" + (", and eggroll's tables are in it" if eggroll else "")
        yield Prerequisite("Database", "", f"{mysql.host}:{mysql.port}/{mysql.database}", reason)
