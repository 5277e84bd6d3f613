"""KubeFATE's service as it is wanted in a cluster, and its name for everything that apply keeps and shows.

What it consists of is service-api.md section 9 (the objects of KubeFATE's `rbac-config.yaml` and `kubefate.yaml`); how
each object is written stands in `deployment_objects`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from planner.secret_references import is_reference
from renderers.kubefate_service.versions import LATEST, generation_of

KEY: Final = "kubefate-service"
"""What the service is to labels, Lease and record: like a site, one for each namespace."""
FEDERATION: Final = "kubefate"
"""What stands where objects of a site name their federation: a service belongs to a cluster, not to one federation."""
NAMESPACE: Final = "kube-fate"
PUBLIC_CHARTS: Final = "https://federatedai.github.io/KubeFATE"
REGISTRY: Final = "federatedai"
DATABASE_IMAGE: Final = "mariadb:10"
USER: Final = "admin"
LEVELS: Final = ("debug", "info", "warn", "error")
LEVEL: Final = "warn"
"""What the service logs by default: from `info` on it logs the login of its database with the password
(k8s-deploy/pkg/orm/mysql.go)."""
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}")
_SIZE: Final = re.compile(r"[1-9][0-9]{0,6}(Mi|Gi|Ti)")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,31}")
_SCHEMA: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
DEFAULT_PASSWORDS: Final = frozenset({"admin", "kubefate", "kubefate!23", "password", "fate_dev", "123456"})
"""Passwords that KubeFATE's documentation gives to everybody (service-api.md section 9)."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the service keeps its state: a MariaDB beside it, or (`host` given) one that others run.

    `password` is a reference, empty for one that is generated. Without `is_ephemeral` the one beside it has a claim of
    `storage`, of `storage_class` where one is named.
    """

    host: str = ""
    port: int = 3306
    name: str = "kube_fate"
    user: str = "kubefate"
    password: str = ""
    image: str = DATABASE_IMAGE
    storage: str = "5Gi"
    storage_class: str = ""
    is_ephemeral: bool = False

    @property
    def is_outside(self) -> bool:
        """Whether others run it."""
        return bool(self.host)

    @property
    def has_claim(self) -> bool:
        """Whether it is beside the service and outlives its pod."""
        return not (self.is_outside or self.is_ephemeral)


@dataclass(frozen=True, slots=True)
class Deployment:
    """All that is asked for.

    `namespaces` are those the service may work in; empty for all. `password` is a reference to the first user's
    password, empty for one that is generated. Without `has_cluster_role` it may not even list namespaces and nodes.
    """

    host: str
    namespace: str = NAMESPACE
    image: str = ""
    version: str = LATEST.version
    user: str = USER
    password: str = ""
    database: Database = field(default_factory=Database)
    ingress_class: str = ""
    tls_secret: str = ""
    pull_secret: str = ""
    repository: str = PUBLIC_CHARTS
    namespaces: tuple[str, ...] = ()
    has_cluster_role: bool = True
    has_network_policy: bool = True
    log_level: str = LEVEL

    @property
    def role(self) -> str:
        """The name of its Roles and ClusterRole: no two services of a cluster share one."""
        return f"{KEY}-{self.namespace}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.tls_secret else 'http'}://{self.host}"

    @property
    def mistake(self) -> str:
        """What of it cannot be, in one clause; empty when all can."""
        return next(self._mistakes(), "")

    def _mistakes(self) -> Iterator[str]:
        names = (self.namespace, *self.namespaces)
        base = self.database
        checks: tuple[tuple[bool, str], ...] = (
            (not self.host, "--host says under which name the service is reached: kubefate.bank.example.com, say"),
            (not _HOST.fullmatch(self.host), "--host takes the name of a host in small letters, without http://"),
            (not all(map(_LABEL.fullmatch, names)), "a namespace is a name of small letters, digits and hyphens"),
            (self.namespace in self.namespaces, "--namespaces are those of FATE: the service has one of its own"),
            (not (self.has_cluster_role or self.namespaces), "--no-cluster-role goes with --namespaces"),
            (not _IMAGE.fullmatch(self.image), "--image takes the name of an image with its tag"),
            (not _IMAGE.fullmatch(base.image), "--database-image takes the name of an image with its tag"),
            (not _NAME.fullmatch(self.user), "--user takes a name of letters and digits"),
            (bool(self.password) and not is_reference(self.password), f"--password takes {_REFERENCES}"),
            (bool(base.password) and not is_reference(base.password), f"--database-password takes {_REFERENCES}"),
            (base.is_outside and not base.password, f"--database needs --database-password: {_REFERENCES}"),
            (base.is_outside and base.is_ephemeral, "--ephemeral is for a database beside the service, not --database"),
            (not _SIZE.fullmatch(base.storage), "--storage takes a size such as 5Gi"),
            (not _is_repository(self.repository), "--repo takes the http:// or https:// URL of a chart repository"),
            (self.log_level not in LEVELS, f"--log-level takes one of {', '.join(LEVELS)}"),
        )
        yield from (clause for is_so, clause in checks if is_so)
        for option, name in (("--tls-secret", self.tls_secret), ("--pull-secret", self.pull_secret)):
            if name and not _HOST.fullmatch(name):
                yield f"{option} takes the name of a Secret"
        for option, name in (("--ingress-class", self.ingress_class), ("--storage-class", base.storage_class)):
            if name and not _HOST.fullmatch(name):
                yield f"{option} takes the name of a class"


_REFERENCES: Final = "a reference: env:NAME, file:PATH or secret:namespace/name#key, never the password itself"


@dataclass(frozen=True, slots=True)
class Image:
    """The image of a service and the version that it has, or why there is none (`mistake`, a clause)."""

    name: str = ""
    version: str = ""
    mistake: str = ""


def image_of(release: str, image: str, registry: str) -> Image:
    """The image that options name: that of a release of KubeFATE, or any; from a registry of one's own."""
    found = generation_of(release) if release else LATEST
    if found is None:
        return Image(mistake=f"there is no release {release[:40]!r} of KubeFATE that this fedplan knows a service of")
    if not found.has_mariadb:
        why = f"the service of KubeFATE {release} keeps its state in MongoDB and is not deployed"
        return Image(mistake=f"{why}: take a later one, which installs the charts of {release} as well")
    if image and (release or registry):
        return Image(mistake="--image names the image itself: leave --release and --registry out")
    return Image(image or f"{(registry or REGISTRY).rstrip('/')}/kubefate:{found.tag}", found.version)


def database_at(url: str, password: str) -> Database | str:
    """The database that a URL names (`mysql://USER@HOST:PORT/NAME`), or what is wrong with the URL, as a clause."""
    wanted = "--database takes mysql://USER@HOST:PORT/NAME"
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        return wanted
    if parts.password is not None:
        return f"{wanted}, without the password: that is what --database-password refers to"
    user, name = unquote(parts.username or ""), parts.path.removeprefix("/")
    is_good = parts.scheme in {"mysql", "mariadb"} and parts.hostname and _NAME.fullmatch(user)
    if not is_good or not _SCHEMA.fullmatch(name) or parts.query or parts.fragment:
        return wanted
    return Database(parts.hostname or "", port, name, user, password)


def host_of(url: str) -> str:
    """The host of the URL that federation.yaml has for a service; empty where it has none."""
    try:
        return urlsplit(url if "://" in url else f"http://{url}").hostname or ""
    except ValueError:
        return ""


def _is_repository(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.password is None and url.isprintable()
