"""What a bundle tells the one who receives it: README.md and FIREWALL.md, from the site's folder alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.prerequisites import Prerequisite
from planner.site_json import Installation
from planner.wording import label
from renderers.cluster.folder import SiteFolder
from renderers.firewall import PUBLIC_CHARTS, Rules, contents, told
from renderers.templating import template

_PLACE: Final = re.compile(r"\$\{secret:([^}]*)\}")
_GAP: Final = re.compile(r"\n{3,}")
_USER: Final = "FATECLOUD_USER_USERNAME"
_PASSWORD: Final = "FATECLOUD_USER_PASSWORD"  # noqa: S105 - the name of a variable
_URL: Final = "FATECLOUD_SERVICEURL"
_HOW: Final = {
    "kubernetes": "from manifests of its own",
    "kubefate": "by KubeFATE's service",
    "helm": "by Helm, from KubeFATE's charts",
}
_PULLED: Final = "images are pulled with it"
_PRESENTED: Final = "the ingress of "


@dataclass(frozen=True, slots=True)
class Needed:
    """A secret that whoever applies must have: the reference, and what is made of it."""

    reference: str
    uses: tuple[str, ...]

    @property
    def kind(self) -> str:
        """`env`, `file`, `secret` or `generate`."""
        return self.reference.partition(":")[0]

    @property
    def name(self) -> str:
        """The variable, the path, or the Secret with its key."""
        return self.reference.partition(":")[2]


def firewall_md(folder: SiteFolder, rules: Rules) -> str:
    """FIREWALL.md."""
    names = sorted({each.host for each in rules.outward if not each.is_inside and _is_name(each.host)})
    text = template("firewall.md.j2").render(
        folder=folder,
        inward=rules.inward,
        sources=[", ".join(map(told, each.sources)) for each in rules.inward],
        outward=rules.outward,
        peers=[label(each.peer) for each in rules.outward],
        names=", ".join(names),
        around=rules.around,
    )
    return _GAP.sub("\n\n", text)


def readme(folder: SiteFolder, charts: Sequence[str]) -> str:
    """README.md; `charts` are the paths of the packages and folders of charts beside it."""
    kubectl = _kubectl(folder)
    secrets = needed_secrets(folder)
    text = template("bundle.md.j2").render(
        folder=folder,
        key=folder.key,
        how=_HOW[folder.target],
        charted=bool(folder.installations),
        charts=charts,
        packages=[path for path in charts if path.endswith(".tgz")],
        reader="the charts" if folder.installations else "Kubernetes and FATE",
        uses_places=bool(secrets),
        after=" and ".join(map(label, folder.after)),
        kubectl=kubectl,
        prerequisites=folder.prerequisites,
        not_made=any(each.kind != "Namespace" for each in folder.prerequisites),
        commands=[
            line for each in folder.prerequisites if not _is_made(folder, each) for line in _commands(each, kubectl)
        ],
        made=[each for each in folder.prerequisites if _is_made(folder, each)],
        secrets=secrets,
        environment=_names(secrets, "env"),
        files=_listed(_names(secrets, "file")),
        keys=_listed(_names(secrets, "secret")),
        generated=any(each.kind == "generate" for each in secrets),
        service=_service(folder),
        option="" if folder.context or folder.target == "kubefate" else " --context CONTEXT",
        helm_context=f" --kube-context {shlex.quote(folder.context)}" if folder.context else "",
        places=_listed([f"{each.reference.namespace}/{each.reference.name}" for each in folder.secrets]),
        fetched={each.part: _fetched(folder, each, charts) for each in folder.installations},
        hosts=_hosts(folder),
    )
    return _GAP.sub("\n\n", text)


def _is_made(folder: SiteFolder, wanted: Prerequisite) -> bool:
    """Whether apply makes a Secret, of what the receiver's references hold."""
    given = {(each.namespace, each.name) for each in folder.given}
    return wanted.kind == "Secret" and (wanted.namespace, wanted.name) in given


def needed_secrets(folder: SiteFolder) -> tuple[Needed, ...]:
    """The references of a site, sorted, each with all that is made of it."""
    uses: dict[str, dict[str, None]] = {}
    for file, data in contents(folder):
        is_secret = isinstance(data, dict) and data.get("kind") == "Secret"
        name = data["metadata"]["name"] if is_secret else ""
        for path, text in _texts(data):
            use = f"Secret {name}, key {path[-1]}" if is_secret else f"`{file}`, {'.'.join(path)}"
            for reference in _PLACE.findall(text):
                uses.setdefault(reference, {})[use] = None
    for each in folder.given:
        for key, reference in each.data.items():
            uses.setdefault(reference, {})[f"Secret {each.namespace}/{each.name}, key {key}"] = None
    if folder.service is not None:
        for reference, use in ((folder.service.password, "login to KubeFATE's service"), (folder.service.ca, "its CA")):
            if reference:
                uses.setdefault(reference, {})[use] = None
    return tuple(Needed(reference, tuple(uses[reference])) for reference in sorted(uses))


def _texts(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in some data with the way to it."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _texts(value, (*path, str(key)))


def _names(secrets: Sequence[Needed], kind: str) -> list[str]:
    return [each.name for each in secrets if each.kind == kind]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _kubectl(folder: SiteFolder) -> str:
    return f"kubectl --context {shlex.quote(folder.context)}" if folder.context else "kubectl"


def _commands(each: Prerequisite, kubectl: str) -> Iterator[str]:
    """How an administrator makes what must exist, or looks whether it does; what is in capitals is theirs to say."""
    inside = f"{kubectl} --namespace {each.namespace}"
    if each.kind == "Namespace":
        yield f"{kubectl} create namespace {each.name}"
    elif each.kind == "StorageClass":
        yield f"{kubectl} get storageclass {each.name}"
    elif each.kind == "PersistentVolumeClaim":
        yield f"{inside} get persistentvolumeclaim {each.name}"
    elif each.kind == "Secret" and each.reason == _PULLED:
        yield f"{inside} create secret docker-registry {each.name} \\"
        yield '  --docker-server=REGISTRY --docker-username=USER --docker-password="$(cat PASSWORD_FILE)"'
    elif each.kind == "Secret" and each.reason.startswith(_PRESENTED):
        yield f"{inside} create secret tls {each.name} --cert=CERTIFICATE --key=KEY"
    elif each.kind == "Secret":
        files = " ".join(f"--from-file={shlex.quote(key)}=FILE" for key in each.keys)
        yield f"{inside} create secret generic {each.name} {files}".rstrip()


def _service(folder: SiteFolder) -> str:
    """How the service is found and logged in to, in sentences."""
    found = folder.service
    url = f"KubeFATE's service is {found.url}." if found else f"`{_URL}` says where KubeFATE's service is."
    user = f"The user is {found.user}." if found and found.user else f"`{_USER}` names the user."
    given = f"Its password is `{found.password}`" if found and found.password else f"`{_PASSWORD}` is the password"
    more = "What is not said here may stand in KubeFATE's `config.yaml`, in the folder you apply in."
    return f"{url} {user}\n{given}.\n{more}"


def _fetched(folder: SiteFolder, each: Installation, charts: Sequence[str]) -> str:
    """The command that puts a chart of an installation into the folder that is named after it."""
    found = [path for path in charts if path.rpartition("/")[2].startswith(f"{each.chart}-{each.version}")]
    path = (found or [*charts, ""])[0]
    if path.endswith(".tgz"):
        return f'tar xzf {shlex.quote(path)} -C "$work"'
    if path:
        return f'cp -R {shlex.quote(path)} "$work/{each.chart}"'
    repository = folder.charts or PUBLIC_CHARTS
    chart, repo = each.chart, f" --repo {shlex.quote(repository)}"
    if repository.startswith("oci://"):
        chart, repo = shlex.quote(f"{repository.rstrip('/')}/{each.chart}"), ""
    return f'helm pull {chart}{repo} --version {each.version} --untar --untardir "$work"'


def _hosts(folder: SiteFolder) -> list[str]:
    """The lines of a hosts file for the site's web pages."""
    address = "ADDRESS" if _is_name(folder.address) else folder.address
    return [f"{address} {host}" for host in dict.fromkeys(each.host for each in folder.interfaces)]


def _is_name(host: str) -> bool:
    """Whether a host is a name and no address."""
    return ":" not in host and not host.rpartition(".")[2].isdecimal()
