"""A cluster that somebody else started: only its kubeconfig is known."""

from __future__ import annotations

import base64
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.level import Level

STRANGER = "fedplan-stranger"


def given_cluster(kubeconfig: Path, level: Level) -> Cluster:
    """Describe the cluster that the current context of a kubeconfig names; fail when it does not answer."""
    from kubernetes import client, config
    from urllib3.exceptions import HTTPError

    load: Any = config.new_client_from_config
    refusals = (OSError, KeyError, TypeError, yaml.YAMLError, config.ConfigException, client.ApiException, HTTPError)
    try:
        text: dict[str, Any] = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        context = str(text["current-context"])
        named = {entry["name"]: entry["context"] for entry in text["contexts"]}[context]
        where = {entry["name"]: entry["cluster"] for entry in text["clusters"]}[named["cluster"]]
        reached = load(str(kubeconfig))
        version = str(client.VersionApi(reached).get_code().git_version)
        core: Any = client.CoreV1Api(reached)
        nodes = core.list_node().items
        stranger = _stranger(core)
    except refusals as refused:
        message = f"the cluster of {kubeconfig} cannot be used: {type(refused).__name__}: {refused}"
        raise HarnessError(message) from None
    addresses = [entry.address for node in nodes for entry in node.status.addresses or [] if entry.type == "InternalIP"]
    return Cluster(
        level=level,
        kubeconfig=kubeconfig,
        context=context,
        server=str(where["server"]),
        ca=_authority(where, kubeconfig),
        version=version,
        node_address=addresses[0] if addresses and level is Level.NODE else None,
        admin_token=None,
        stranger_token=stranger,
        run=None,
    )


def _stranger(core: Any) -> str:
    """A token of a ServiceAccount that may do nothing; the account stays."""
    from kubernetes import client

    try:
        core.create_namespaced_service_account("default", {"metadata": {"name": STRANGER}})
    except client.ApiException as refused:
        if refused.status != HTTPStatus.CONFLICT:
            raise
    asked = {"spec": {"audiences": [], "expirationSeconds": 24 * 3600}}
    return str(core.create_namespaced_service_account_token(STRANGER, "default", asked).status.token)


def _authority(where: dict[str, Any], kubeconfig: Path) -> Path:
    """The file with the certificate of the cluster's authority."""
    if "certificate-authority" in where:
        return kubeconfig.parent / str(where["certificate-authority"])
    file = Path(tempfile.mkdtemp(prefix="fedplan-given-")) / "ca.crt"
    file.write_bytes(base64.b64decode(where.get("certificate-authority-data", "")))
    return file
