"""KubeFATE's service deployed, looked at and taken down: as any site is, and in addition what no site has.

That are objects of the whole cluster (its ClusterRole), Roles in the namespaces of others, and the question whether
anybody will reach it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from planner.checks.default_service_password import default_service_password
from planner.checks.ingress_class_missing import ingress_class_missing
from planner.checks.object_refused import FAULT as OBJECT_REFUSED
from planner.checks.object_refused import refused_midway
from planner.checks.service_host_taken import service_host_taken
from planner.checks.service_right_missing import namespace_not_made, rights_not_held, service_right_missing
from planner.diagnostics import Diagnostic
from renderers.cluster import applying, life_cycle, patience
from renderers.cluster.api import Api, ApiError, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections, failed
from renderers.cluster.display import Display
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.labels import belongs_to, selector
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, called, ours
from renderers.cluster.references import Document, Live, Reference, reference
from renderers.cluster.selection import Chosen
from renderers.cluster.visible import visible
from renderers.kubefate_service.deployment import DEFAULT_PASSWORDS, Deployment
from renderers.kubefate_service.deployment_folder import (
    Target,
    folder_of,
    in_our_words,
    namespace,
    places_of,
)
from renderers.kubefate_service.deployment_objects import CLAIM, DATABASE_PASSWORD, SECRET, SERVICE, USER_PASSWORD
from renderers.kubefate_service.deployment_rights import API_VERSION, GROUP, WITHOUT_CLUSTER_ROLE

_CLASSES: Final = "networking.k8s.io/v1"
_LOOK_SECONDS: Final = 10.0
_DEFAULT_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"
_RIGHTS: Final = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_NOT_HELD: Final = "attempting to grant"
"""The API server's words for somebody who would give away rights that they do not have."""
_OPTIONS: Final = {USER_PASSWORD: "--password", DATABASE_PASSWORD: "--database-password"}
EPHEMERAL: Final = (
    "with --ephemeral the service forgets its clusters, jobs and uploaded charts when the pod of mariadb goes; "
    "what it has installed goes on running"
)


@dataclass(frozen=True, slots=True)
class PreparedService:
    """The service as it could be deployed, or the findings that forbid it.

    `made` are name and uid of namespaces that were made because the service gets a Role inside.
    """

    prepared: applying.Prepared
    made: tuple[tuple[str, str], ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found."""
        return self.prepared.diagnostics

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written."""
        return self.prepared.changes

    @property
    def is_good(self) -> bool:
        """Whether nothing forbids to go on."""
        return self.prepared.is_good

    def carry_out(self, operator: Operator, display: Display) -> SiteOutcome:
        """Write it, and wait until it runs."""
        return in_words(self.prepared.carry_out(operator, display))

    def withdraw(self) -> None:
        """Take away what was made for the trial."""
        self.prepared.withdraw()
        unmake(self.prepared.api, self.made)


def chosen_of(wanted: Deployment, target: Target) -> Chosen:
    """The service as what the life cycle of sites takes."""
    folder = folder_of(wanted, target)
    return Chosen(folder, places_of(folder, target), target.context)


def prepare(
    wanted: Deployment,
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool = False,
) -> PreparedService | SiteOutcome:
    """Find out whether it can be deployed, and what that would write; `withdraw` takes back what was made for it."""
    api = connections.to(chosen)
    if isinstance(api, Diagnostic):
        return SiteOutcome(chosen.folder, SiteState.UNREACHABLE, (api,))
    deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
    made: list[tuple[str, str]] = []
    try:
        absent = _absent(api, wanted, deadline)
        found = (*_rights(api, chosen, wanted, absent, deadline), *_unmakeable(api, chosen, absent, deadline))
        if found:
            return SiteOutcome(chosen.folder, SiteState.REFUSED, found)
        if not is_trial:
            for name in absent:
                made += _make(api, name, deadline)
        tried = _without(chosen, absent if is_trial else ())
        prepared = life_cycle.prepare(tried, connections, options, environ, is_trial=is_trial)
        if isinstance(prepared, SiteOutcome):
            unmake(api, made)
            return in_words(prepared)
        return PreparedService(_completed(prepared, chosen, wanted, absent, deadline), tuple(made))
    except ApiError as error:
        unmake(api, made)
        return failed(chosen.folder, chosen.places, api, error)
    except BaseException:  # Ctrl-C too: what was made for a trial that has not ended is not left behind
        unmake(api, made)
        raise


def observe(chosen: Chosen, connections: Connections) -> Seen:
    """The service as it is in its cluster."""
    seen = life_cycle.observe(chosen, connections)
    return replace(seen, diagnostics=tuple(map(in_our_words, seen.diagnostics)))


def to_remove(
    wanted: Deployment, chosen: Chosen, connections: Connections, options: Options
) -> tuple[Change, ...] | SiteOutcome:
    """The objects that would go; its rights are the last."""
    changes = life_cycle.to_remove(chosen, connections, options)
    api = connections.to(chosen)
    if isinstance(changes, SiteOutcome) or isinstance(api, Diagnostic):
        return changes
    try:
        return (*changes, *_stale_rights(api, chosen.folder, wanted, (), Deadline(patience.PREPARE_SECONDS, api.clock)))
    except ApiError as error:
        return failed(chosen.folder, chosen.places, api, error)


def remove(
    wanted: Deployment,
    chosen: Chosen,
    connections: Connections,
    options: Options,
    operator: Operator,
    display: Display,
) -> SiteOutcome:
    """The service taken down. Its rights go last: while its pods run they are in use."""
    outcome = in_words(life_cycle.remove(chosen, connections, options, operator, display))
    api = connections.to(chosen)
    if isinstance(api, Diagnostic) or outcome.state not in {SiteState.REMOVED, SiteState.UNCHANGED}:
        return outcome
    deadline = Deadline(patience.WRITE_SECONDS, api.clock)
    try:
        rights = tuple(_stale_rights(api, chosen.folder, wanted, (), deadline))
    except ApiError as error:
        return failed(chosen.folder, chosen.places, api, error)
    for change in rights:
        display.item(f"{called(change.reference)} is removed")
        try:
            api.delete(change.reference, deadline, uid=change.uid)
        except ApiError as error:
            problem = refused_midway(chosen.places.of_site(), called(change.reference), str(error), chosen.folder.key)
            found = (*outcome.diagnostics, in_our_words(problem))
            return replace(outcome, state=SiteState.FAILED, diagnostics=found, changes=(*outcome.changes, *rights))
    if not rights:
        return outcome
    return replace(outcome, state=SiteState.REMOVED, changes=(*outcome.changes, *rights))


def in_words(outcome: SiteOutcome) -> SiteOutcome:
    """An outcome whose findings name the command that works on the service."""
    return replace(outcome, diagnostics=tuple(map(in_our_words, outcome.diagnostics)))


# ---------------------------------------------------------------------------------------------------------------------
# Namespaces of FATE in which the service gets a Role


def _absent(api: Api, wanted: Deployment, deadline: Deadline) -> tuple[str, ...]:
    """Those that are not there; what may not be looked at counts as there, and is told by the trial."""
    return tuple(name for name in wanted.namespaces if not _is_there(api, name, deadline))


def _is_there(api: Api, name: str, deadline: Deadline) -> bool:
    try:
        return api.get(_namespace(name), deadline) is not None
    except RefusedError as refusal:
        if refusal.is_forbidden:
            return True
        raise


def _unmakeable(api: Api, chosen: Chosen, absent: Sequence[str], deadline: Deadline) -> Iterator[Diagnostic]:
    if absent and not api.may("create", "", "namespaces", "", deadline):
        for name in absent:
            yield namespace_not_made(chosen.places.of_namespace(), api.user, name, chosen.folder.cluster)


def _make(api: Api, name: str, deadline: Deadline) -> list[tuple[str, str]]:
    """Make a namespace; nothing where somebody was faster."""
    try:
        made = api.create(namespace(name), _namespace(name), deadline).document
    except RefusedError as refusal:
        if refusal.is_conflict:
            return []
        raise
    return [(name, str(made["metadata"].get("uid", "")))]


def unmake(api: Api, made: Sequence[tuple[str, str]]) -> None:
    """Take away namespaces that were made for the trial: these very ones, moments old."""
    deadline = Deadline(patience.WRITE_SECONDS, api.clock)
    for name, uid in made:
        with suppress(ApiError):
            api.delete(_namespace(name), deadline, uid=uid)


def _namespace(name: str) -> Reference:
    return Reference("v1", "Namespace", "", name)


def _without(chosen: Chosen, absent: Sequence[str]) -> Chosen:
    """The service without what is in namespaces that do not exist, where nothing can be tried."""
    if not absent:
        return chosen
    kept = tuple(each for each in chosen.folder.objects if each.reference.namespace not in absent)
    return replace(chosen, folder=replace(chosen.folder, objects=kept))


# ---------------------------------------------------------------------------------------------------------------------
# Rights


def _rights_of(folder: SiteFolder) -> Iterator[Desired]:
    return (each for each in folder.objects if each.reference.kind in _RIGHTS)


def _rights(
    api: Api, chosen: Chosen, wanted: Deployment, absent: Sequence[str], deadline: Deadline
) -> Iterator[Diagnostic]:
    """What the operator lacks to write the service's Roles; whether they may give what these give, the trial tells."""
    place, cluster = chosen.places.of_site(), chosen.folder.cluster
    for each in _rights_of(chosen.folder):
        space, resource = each.reference.namespace, each.reference.resource
        if space in absent:
            continue
        lacking = [verb for verb in ("get", "create", "patch") if not api.may(verb, GROUP, resource, space, deadline)]
        if lacking:
            where = f" in namespace {space}" if space else ""
            what = f"{' or '.join(lacking)} {resource}.{GROUP}{where}"
            yield service_right_missing(place, api.user, what, cluster, is_narrow=bool(wanted.namespaces))


def _stale_rights(
    api: Api, folder: SiteFolder, wanted: Deployment, kept: Sequence[Desired], deadline: Deadline
) -> Iterator[Change]:
    """Roles and bindings of this service that are not wanted any more, bindings first, wherever they are."""
    keys = {each.reference.key for each in kept}
    for kind in ("RoleBinding", "Role", "ClusterRoleBinding", "ClusterRole"):
        for document in _named(api, folder, kind, wanted, deadline):
            found = reference(document)
            if found.name == wanted.role and found.key not in keys and belongs_to(folder, document) and ours(document):
                yield Change(Action.DELETE, found, uid=str(document["metadata"].get("uid", "")))


def _named(api: Api, folder: SiteFolder, kind: str, wanted: Deployment, deadline: Deadline) -> Sequence[Document]:
    """Those of a kind in the whole cluster; where that may not be looked through, in the namespaces at hand."""
    try:
        return api.list(API_VERSION, kind, "", deadline, labels=selector(folder))
    except RefusedError as refusal:
        if not refusal.is_forbidden:
            raise
    if kind.startswith("Cluster"):
        return ()
    spaces = wanted.namespaces
    return [
        each for name in spaces for each in visible(api, API_VERSION, kind, name, deadline, labels=selector(folder))
    ]


# ---------------------------------------------------------------------------------------------------------------------
# What is added to the preparation of a site


def _completed(
    prepared: applying.Prepared, chosen: Chosen, wanted: Deployment, absent: Sequence[str], deadline: Deadline
) -> applying.Prepared:
    api, folder, places = prepared.api, chosen.folder, chosen.places
    found = [_in_rights(api, each, wanted, chosen) for each in map(in_our_words, prepared.diagnostics)]
    found += _default_passwords(prepared.secrets, wanted, places)
    notes = [*prepared.notes, *(f"namespace {name} is made: the service gets a Role there" for name in absent)]
    notes += _notes(api, wanted, deadline)
    seen = prepared.preview
    if seen is not None:
        notes += _lost_password(seen.live, wanted)
        found += [*_class_missing(api, folder, wanted, places, deadline), *_host_taken(api, chosen, wanted, deadline)]
        lost = [each for each in folder.objects if each.reference.namespace in absent and prepared.is_trial]
        new = (Change(Action.CREATE, each.reference) for each in lost)
        stale = _stale_rights(api, folder, wanted, folder.objects, deadline)
        seen = replace(seen, changes=(*seen.changes, *new, *stale))
    return replace(prepared, folder=folder, diagnostics=tuple(found), notes=tuple(notes), preview=seen)


def _in_rights(api: Api, diagnostic: Diagnostic, wanted: Deployment, chosen: Chosen) -> Diagnostic:
    """A refusal for want of the rights that a Role gives, in our words: the server's list every right."""
    if diagnostic.fault.code != OBJECT_REFUSED.code or _NOT_HELD not in diagnostic.message:
        return diagnostic
    what = next((each for each in map(str, _RIGHTS) if f"{each} " in diagnostic.message), "a Role")
    place, cluster = chosen.places.of_site(), chosen.folder.cluster
    return rights_not_held(place, api.user, f"{what} {wanted.role}", cluster, is_narrow=bool(wanted.namespaces))


def _default_passwords(secrets: Sequence[Desired], wanted: Deployment, places: Places) -> Iterator[Diagnostic]:
    for each in secrets:
        for key, option in _OPTIONS.items():
            if _plain((each.document.get("data") or {}).get(key, "")).lower() in DEFAULT_PASSWORDS:
                yield default_service_password(places.of_secret(SECRET), wanted.namespace, SECRET, key, option)


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _notes(api: Api, wanted: Deployment, deadline: Deadline) -> Iterator[str]:
    if not wanted.has_cluster_role:
        yield WITHOUT_CLUSTER_ROLE
    if wanted.database.is_ephemeral:
        yield EPHEMERAL
    if wanted.tls_secret and not _has_secret(api, wanted, deadline):
        where = f"{wanted.namespace}/{wanted.tls_secret}"
        yield f"there is no Secret {where} yet: until there is, the ingress answers with a certificate of its own"


def _lost_password(live: Live, wanted: Deployment) -> Iterator[str]:
    """What it means that the database is there and its password is not: it keeps the one that it was made with."""
    space = wanted.namespace
    has_claim = ("", "PersistentVolumeClaim", space, CLAIM) in live
    if wanted.database.has_claim and has_claim and ("", "Secret", space, SECRET) not in live:
        told = f"the database in claim {space}/{CLAIM} keeps the password that it was made with, and Secret {SECRET}"
        yield f"{told} is gone: bring that back, or delete the claim, else the service is not let in"


def _has_secret(api: Api, wanted: Deployment, deadline: Deadline) -> bool:
    try:
        return api.get(Reference("v1", "Secret", wanted.namespace, wanted.tls_secret), deadline) is not None
    except RefusedError as refusal:
        if refusal.is_forbidden:
            return True
        raise


def _class_missing(
    api: Api, folder: SiteFolder, wanted: Deployment, places: Places, deadline: Deadline
) -> Iterator[Diagnostic]:
    """A finding where no controller will take the ingress up; none where the classes may not be looked at."""
    try:
        classes = api.list(_CLASSES, "IngressClass", "", deadline)
    except RefusedError as refusal:
        if refusal.is_forbidden or refusal.is_not_found:
            return
        raise
    names = sorted(str(each["metadata"]["name"]) for each in classes)
    defaults = [each for each in classes if (each["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"]
    if wanted.ingress_class not in names and (wanted.ingress_class or not defaults):
        yield ingress_class_missing(places.of_site(), folder.cluster, wanted.ingress_class, wanted.host, names)


def _host_taken(api: Api, chosen: Chosen, wanted: Deployment, deadline: Deadline) -> Iterator[Diagnostic]:
    """A finding where another Ingress has the host; none where the others may not be looked at."""
    own = (wanted.namespace, SERVICE)
    for document in visible(api, _CLASSES, "Ingress", "", deadline):
        found = reference(document)
        hosts = {rule.get("host") for rule in document.get("spec", {}).get("rules") or ()}
        if wanted.host in hosts and (found.namespace, found.name) != own:
            cluster = chosen.folder.cluster
            yield service_host_taken(chosen.places.of_site(), called(found), wanted.host, cluster)
            return


def address_of(api: Api, wanted: Deployment, target: Target) -> str:
    """The address that the service's host must lead to: what its controller told, or federation.yaml, or a node's."""
    deadline = Deadline(_LOOK_SECONDS, api.clock)
    try:
        live = api.get(Reference(_CLASSES, "Ingress", wanted.namespace, SERVICE), deadline) or {}
        balancer = live.get("status", {}).get("loadBalancer") or {}
        told = [str(each.get("ip") or each.get("hostname") or "") for each in balancer.get("ingress") or ()]
        found = next(filter(None, told), "") or target.address
        return found or next(_node_addresses(visible(api, "v1", "Node", "", deadline)), "")
    except ApiError:
        return target.address


def as_deployed(api: Api, wanted: Deployment) -> Deployment:
    """The service under the host that its ingress has, where there is one."""
    try:
        live = api.get(Reference(_CLASSES, "Ingress", wanted.namespace, SERVICE), Deadline(_LOOK_SECONDS, api.clock))
    except ApiError:
        return wanted
    spec = (live or {}).get("spec", {})
    hosts = [str(rule["host"]) for rule in spec.get("rules") or () if rule.get("host")]
    names = [str(each["secretName"]) for each in spec.get("tls") or () if each.get("secretName")]
    return replace(wanted, host=hosts[0], tls_secret=names[0] if names else "") if hosts else wanted


def _node_addresses(nodes: Sequence[Document]) -> Iterator[str]:
    for sort in ("ExternalIP", "InternalIP"):
        for node in nodes:
            for each in node.get("status", {}).get("addresses") or ():
                if each.get("type") == sort and each.get("address"):
                    yield str(each["address"])
