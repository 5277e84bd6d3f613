"""What an operator does once KubeFATE's service is deployed, or its manifests are written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from planner.wording import shown
from renderers.cluster.folder import SiteFolder
from renderers.cluster.secret_places import reference_in, secret_key
from renderers.kubefate_service.deployment import Deployment
from renderers.kubefate_service.deployment_objects import SECRET, USER_PASSWORD

VARIABLE: Final = "KUBEFATE_PASSWORD"


def after_deploying(wanted: Deployment, cluster: str, context: str, address: str, *, is_in_file: bool) -> Iterator[str]:
    """How the service is reached and by which login; no password is among it."""
    if address:
        yield from _way(wanted, address)
    reference = wanted.password or f"env:{VARIABLE}"
    if not wanted.password:
        yield f"The password of its user {wanted.user} was made for it, and is in the cluster alone:"
        yield f'  export {VARIABLE}="$({read_password(wanted, context)})"'
    if not is_in_file:
        yield f"What federation.yaml says of cluster {shown(cluster)} from now on:"
        yield "  kubefate:"
        yield from (f"    {line}" for line in _keys(wanted, reference))
    check = f"--cluster {shlex.quote(cluster)}" if is_in_file else f"--url {wanted.url} --user {wanted.user}"
    kind, _, name = reference.partition(":")
    more = "" if is_in_file or kind != "env" else f" --password-env {name}"
    yield f"Next: `invoke kubefate.version {check}{more}` tells whether it answers."


def read_password(wanted: Deployment, context: str) -> str:
    """The command that prints the password of the service's user."""
    where = f" --context {shlex.quote(context)}" if context else ""
    path = shlex.quote(f"jsonpath={{.data.{USER_PASSWORD}}}")
    return f"kubectl{where} --namespace {wanted.namespace} get secret {SECRET} --output {path} | base64 --decode"


def after_writing(wanted: Deployment, folder: SiteFolder, directory: str, context: str) -> Iterator[str]:
    """How the manifests come into a cluster, and the Secret that is not among them."""
    kubectl = f"kubectl --context {shlex.quote(context)}" if context else "kubectl"
    path = shlex.quote(directory)
    yield "They hold no secret. Apply them in this order, the namespace before the Secret:"
    yield f"  {kubectl} apply --filename {shlex.quote(f'{directory}/00-namespaces.yaml')}"
    yield f"  {kubectl} --namespace {wanted.namespace} create secret generic {SECRET} \\"
    values = [(key, text) for each in folder.secrets for key, text in each.document["stringData"].items()]
    for index, (key, text) in enumerate(values):
        end = " \\" if index < len(values) - 1 else ""
        yield f"    --from-file={key}={_source(str(text))}{end}"
    yield f"  {kubectl} apply --kustomize {path}"
    yield "Where a controller applies them, the Secret is made once by hand, or by what keeps your secrets."


def _source(text: str) -> str:
    """What gives bash one value as a file: it stands in no argument of a program, and is not printed."""
    reference = reference_in(text)
    if reference is None:
        return f"<(printf %s {shlex.quote(text)})"
    kind, _, name = reference.partition(":")
    if kind == "env":
        return f'<(printf %s "${name}")'
    if kind == "file":
        return f'<(printf %s "$(cat {shlex.quote(name)})")'
    found = secret_key(reference)
    if found is not None:
        path = shlex.quote(f"jsonpath={{.data.{found.key}}}")
        get = f"kubectl --namespace {shlex.quote(found.namespace)} get secret {shlex.quote(found.name)} --output {path}"
        return f"<({get} | base64 --decode)"
    return "<(openssl rand -hex 16 | tr -d '\\n')"


def _way(wanted: Deployment, address: str) -> Iterator[str]:
    try:
        ip_address(address)
    except ValueError:
        yield f"{wanted.host} must lead to {shown(address)}, by DNS."
        return
    yield "Where no DNS has its name, a line for /etc/hosts of whoever talks to it:"
    yield f"  {address} {wanted.host}"


def _keys(wanted: Deployment, reference: str) -> Iterator[str]:
    yield f"url: {wanted.url}"
    yield f"user: {wanted.user}"
    yield f"password: {reference}"
