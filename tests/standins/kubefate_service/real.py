"""The real Kubernetes and Helm, as the service uses them: a helm binary, and an API server.

The service links Helm as a library and runs a chart's `values-template.yaml` itself. Here helm runs it, too: as a file
of a chart made for this, whose values are the spec. Its text comes out as base64, because it need not be a manifest.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tests.standins.kubefate_service import gotypes
from tests.standins.kubefate_service.charts import Chart
from tests.standins.kubefate_service.platform import HelmError, KubernetesError, Release

ROLLSITE: Final = 9370
_RENDERER: Final = {
    "Chart.yaml": "apiVersion: v2\nname: renderer\nversion: 0.0.0\n",
    "templates/out.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: out}\n"
        'data: {values: {{ include "renderer/templates/_values.tpl" .Values | b64enc | quote }}}\n'
    ),
}
_SPOILED: Final = b"apiVersion: v1\nkind: Service\nmetadata: {name: spoiled}\nspec: {ports: [{port: 99999999}]}\n"
"""An object that no API server takes."""
_CONDITIONS: Final = ("Available", "Progressing", "ReplicaFailure")
_SECONDS: Final = 120


class RealCluster:
    """Helm and an API server."""

    def __init__(self, kubeconfig: Path, helm: Path) -> None:
        """Use a kubeconfig's current context."""
        from kubernetes import client, config

        load: Any = config.new_client_from_config
        api: Any = load(str(kubeconfig))
        self._kubeconfig, self._helm = kubeconfig, helm
        self._core: Any = client.CoreV1Api(api)
        self._apps: Any = client.AppsV1Api(api)
        self._batch: Any = client.BatchV1Api(api)
        self._networking: Any = client.NetworkingV1Api(api)
        self._failure: type[Exception] = client.ApiException
        self._is_spoiled = False

    def spoil_next_upgrade(self) -> None:
        """Let Kubernetes refuse a part of the next upgrade, as it refuses a change of what is immutable."""
        self._is_spoiled = True

    # Helm

    def install(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """Without waiting, and without making the namespace."""
        self._write("install", release, chart, spec)

    def upgrade(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """Without waiting."""
        self._write("upgrade", release, chart, spec)

    def uninstall(self, release: Release) -> None:
        """As helm does."""
        self._run("uninstall", release.name, "--namespace", release.namespace)

    def rollback(self, release: Release, revision: int) -> None:
        """As helm does."""
        self._run("rollback", release.name, str(revision), "--namespace", release.namespace)

    def _write(self, verb: str, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            values = self._values(folder, chart, spec)
            files = {"Chart.yaml": chart.chart_yaml.encode(), "values.yaml": chart.values.encode(), **chart.templates}
            if verb == "upgrade" and self._is_spoiled:
                self._is_spoiled = False
                files["templates/spoiled.yaml"] = _SPOILED
            _lay_out(folder / "chart", files)
            (folder / "values.json").write_text(json.dumps(values), encoding="utf-8")
            where = ("--namespace", release.namespace, "--values", str(folder / "values.json"))
            self._run(verb, release.name, str(folder / "chart"), *where)

    def _values(self, folder: Path, chart: Chart, spec: Mapping[str, Any]) -> Any:
        """What the chart's template makes of a spec; what is missing prints as nothing."""
        if not chart.template:
            text = "FateChart ValuesTemplate not exist"
            raise HelmError(text, leaves_revision=False)
        files = {name: text.encode() for name, text in _RENDERER.items()}
        _lay_out(folder / "renderer", {**files, "templates/_values.tpl": chart.template.encode()})
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        try:
            out = self._run("template", "renderer", str(folder / "renderer"), "--values", str(folder / "spec.json"))
        except HelmError as error:
            text = f"executing template:{error}"
            raise HelmError(text, leaves_revision=False) from None
        rendered = base64.b64decode(yaml.safe_load(out)["data"]["values"]).decode().replace("<no value>", "")
        try:
            return yaml.safe_load(rendered) or {}
        except yaml.YAMLError as error:
            text = f"error converting YAML to JSON: {error}"
            raise HelmError(text, leaves_revision=False) from None

    def _run(self, *arguments: str) -> str:
        command = [str(self._helm), *arguments, "--kubeconfig", str(self._kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            text = done.stderr.strip().removeprefix("Error: ").removeprefix("INSTALLATION FAILED: ")
            raise HelmError(text.removeprefix("UPGRADE FAILED: "))
        return done.stdout

    # Kubernetes

    def deployments(self, release: Release) -> dict[str, str]:
        """The first condition that holds."""
        found = self._ask(self._apps.list_namespaced_deployment, release)
        return {item.metadata.name: _condition(item.status.conditions or ()) for item in found}

    def stateful_sets(self, release: Release) -> dict[str, str]:
        """Available with as many ready as there are, none included."""
        found = self._ask(self._apps.list_namespaced_stateful_set, release)
        return {
            item.metadata.name: (
                "Available" if (item.status.ready_replicas or 0) >= (item.status.replicas or 0) else "Progressing"
            )
            for item in found
        }

    def containers(self, release: Release) -> dict[str, str]:
        """Containers of the same name are shown once."""
        found = self._ask(self._core.list_namespaced_pod, release)
        return {container.name: pod.status.phase for pod in found for container in pod.spec.containers}

    def is_job_done(self, namespace: str, name: str) -> bool:
        """Whether it has completed."""
        try:
            return bool(self._batch.read_namespaced_job(name, namespace).status.succeeded)
        except self._failure:
            return False

    def namespaces(self) -> Sequence[Mapping[str, Any]]:
        """All of them."""
        return [
            {
                "Name": item.metadata.name,
                "Status": item.status.phase,
                "Labels": item.metadata.labels,
                "Annotations": item.metadata.annotations,
                "Age": f"{int(gotypes.seconds_since(item.metadata.creation_timestamp.isoformat()))}s",
            }
            for item in self._answered(self._core.list_namespace).items
        ]

    def node(self) -> str:
        """The last node's."""
        addresses = [
            address.address
            for node in self._answered(self._core.list_node).items
            for address in node.status.addresses or ()
            if address.type == "InternalIP"
        ]
        return addresses[-1] if addresses else ""

    def port(self, release: Release) -> int:
        """Of the Service of that name, at its port 9370."""
        for item in self._ask(self._core.list_namespaced_service, release):
            for port in item.spec.ports or ():
                if item.metadata.name == "rollsite" and port.port == ROLLSITE and port.node_port:
                    return int(port.node_port)
        return 0

    def hosts(self, release: Release) -> list[str]:
        """Of all rules."""
        found = self._ask(self._networking.list_namespaced_ingress, release)
        return [rule.host for item in found for rule in item.spec.rules or () if rule.host]

    def log(self, release: Release, container: str) -> str:
        """Of one pod for each container."""
        texts = {}
        for pod in self._ask(self._core.list_namespaced_pod, release):
            for found in pod.spec.containers:
                if container in ("", found.name):
                    read = self._core.read_namespaced_pod_log
                    arguments = (pod.metadata.name, release.namespace)
                    texts[f"[{pod.metadata.name} {found.name}] "] = self._answered(
                        read, *arguments, container=found.name
                    )
        if len(texts) == 1:
            return str(next(iter(texts.values())))
        return "".join(prefix + line for prefix, text in texts.items() for line in text.splitlines(keepends=True))

    def _ask(self, ask: Any, release: Release) -> Any:
        """Objects are found by the label that the charts put on all of them."""
        return self._answered(ask, release.namespace, label_selector=f"name={release.name}").items

    def _answered(self, ask: Any, *arguments: Any, **more: Any) -> Any:
        try:
            return ask(*arguments, **more)
        except self._failure as error:
            raise KubernetesError(str(getattr(error, "reason", error))) from None


def _condition(conditions: Sequence[Any]) -> str:
    holding = {found.type for found in conditions if found.status == "True"}
    return next((name for name in _CONDITIONS if name in holding), "Undefined")


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
