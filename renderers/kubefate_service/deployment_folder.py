"""The wanted service as the folder of a site, so that everything that applies sites applies the service too."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.prerequisites import Prerequisite
from planner.site_json import SECRETS, Interface
from planner.wording import label
from renderers.canonical import block
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.namespaces import manifest
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference, reference
from renderers.kubefate_service.deployment import FEDERATION, KEY, Deployment
from renderers.kubefate_service.deployment_objects import objects, secret

COMMAND: Final = "invoke kubefate.deploy"


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster that the service is for: as findings name it, and the address that its hosts line will have.

    `server` and `kubernetes` are what federation.yaml says of it, `path` is where it says so; all may be missing.
    """

    name: str
    context: str
    address: str = ""
    server: str | None = None
    kubernetes: tuple[int, int] | None = None
    path: KeyPath | None = None


@dataclass(frozen=True, slots=True)
class ServicePlaces(Places):
    """Everything about the service is mended at one place: its cluster in federation.yaml, or the command itself."""

    place: Place = field(default_factory=lambda: Place(document=COMMAND))

    def of_site(self) -> Place:
        """The one place."""
        return self.place

    def of_cluster(self, key: str = "") -> Place:  # noqa: ARG002 - as other sites have it
        """The one place."""
        return self.place

    def of_namespace(self) -> Place:
        """The one place."""
        return self.place

    def of_object(self, reference: Reference) -> Place:  # noqa: ARG002 - as above
        """The one place."""
        return self.place

    def of_node_port(self, port: int, reference: Reference) -> Place:  # noqa: ARG002 - as above
        """The one place."""
        return self.place

    def of_secret(self, name: str) -> Place:  # noqa: ARG002 - as above
        """The one place."""
        return self.place


def folder_of(wanted: Deployment, target: Target) -> SiteFolder:
    """The folder, whole and with its digest. Its files hold places where the passwords will stand."""
    documents = {SECRETS: (secret(wanted),), **objects(wanted)}
    files = {name: text_of(found) for name, found in documents.items()}
    told = "\n".join(f"{name} {hashlib.sha256(text.encode()).hexdigest()}" for name, text in sorted(files.items()))
    desired = [Desired(reference(each), each, name) for name, found in documents.items() for each in found]
    return SiteFolder(
        key=KEY,
        kind="service",
        id=0,
        name=KEY,
        federation=FEDERATION,
        release=wanted.version,
        cluster=target.name,
        address=target.address,
        context=target.context or None,
        server=target.server,
        kubernetes=target.kubernetes,
        namespaces={"service": wanted.namespace},
        after=(),
        peers=(),
        prerequisites=tuple(_prerequisites(wanted)),
        hot_tables=(),
        interfaces=(Interface(FEDERATION, wanted.host, f"{wanted.url}/"),),
        digest=hashlib.sha256(told.encode()).hexdigest(),
        objects=tuple(each for each in desired if each.file != SECRETS),
        secrets=tuple(each for each in desired if each.file == SECRETS),
        files=files,
    )


def places_of(folder: SiteFolder, target: Target) -> ServicePlaces:
    """Where what is found is mended."""
    place = Place(document=COMMAND) if target.path is None else Place(target.path)
    return ServicePlaces(folder, place=place)


def manifests(wanted: Deployment, folder: SiteFolder) -> Mapping[str, str]:
    """All that stands in no Secret, by file: for whoever applies it by other means than fedplan."""
    spaces = [manifest(folder, wanted.namespace), *(namespace(name) for name in wanted.namespaces)]
    rest = {name: text for name, text in folder.files.items() if name != SECRETS}
    return {"00-namespaces.yaml": text_of(spaces), **rest}


def namespace(name: str) -> Document:
    """A namespace that clusters of FATE will be installed in: without the label of a site, as it is nobody's yet."""
    labels = {"app.kubernetes.io/managed-by": "fedplan", "kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def text_of(documents: tuple[Document, ...] | list[Document]) -> str:
    """Documents as the text of one file."""
    return "---\n".join(block(each) for each in documents)


def _prerequisites(wanted: Deployment) -> list[Prerequisite]:
    found = []
    if wanted.pull_secret:
        found.append(Prerequisite("Secret", wanted.namespace, wanted.pull_secret, "images are pulled with it"))
    if wanted.database.has_claim and wanted.database.storage_class:
        found.append(
            Prerequisite("StorageClass", "", wanted.database.storage_class, "the claim of mariadb asks for it")
        )
    return found


def in_our_words(diagnostic: Diagnostic) -> Diagnostic:
    """A finding whose hint names the command that works on the service, where it names those that work on sites."""
    hint = diagnostic.hint
    for verb, ours in _COMMANDS.items():
        hint = hint.replace(f"invoke {verb} --site {KEY}", ours)
    return replace(diagnostic, hint=hint.replace(_OTHER_SPACE, "take another namespace with --namespace"))


_OTHER_SPACE: Final = f"write another `namespace` for {label(KEY)}"
_COMMANDS: Final = {
    "apply": COMMAND,
    "remove": f"{COMMAND} --remove",
    "status": f"{COMMAND} --status",
    "rbac": f"{COMMAND} --write DIR",
}
