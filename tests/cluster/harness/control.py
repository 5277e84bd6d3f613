"""The control plane: etcd, API server, controller manager and scheduler, and what a fresh one is given.

Every server listens on one address and on ports chosen for it, so that several control planes run side by side.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness.api import Api, ApiError, answers
from tests.cluster.harness.build import Programs
from tests.cluster.harness.pki import Pki
from tests.cluster.harness.processes import Processes
from tests.cluster.harness.runs import Ports

SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
PODS = "10.244.0.0/16"
VOLUMES = Path("/tmp/hostpath_pv")
"""Where the controller manager makes the folders of volumes; the name is built into it."""

ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER = COMPONENTS = ("etcd", "apiserver", "controller-manager", "scheduler")
"""The names of the components, in the order of their start."""

_STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "hostpath", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/host-path",
}
_LAST_WITH_PLAIN_PORTS = 22
_LAST_WITH_TOKEN_SECRETS = 23


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The parts of one control plane before it runs.

    `address` is where it listens, `advertised` what pods are told, `prefix` what every command begins with, `volumes`
    the folder of the run in which volumes end up.
    """

    programs: Programs
    pki: Pki
    run: Path
    ports: Ports
    address: str
    advertised: str
    prefix: tuple[str, ...]
    private_volumes: bool

    def start(self, processes: Processes, api: Api) -> None:
        """Start everything and wait until it is healthy; give it what a fresh cluster lacks."""
        minor = minor_version(self.programs)
        commands = self._commands(minor)
        for name in (ETCD, APISERVER):
            processes.start(name, commands[name])
        wait_ready(processes, api)
        for name in (CONTROLLER_MANAGER, SCHEDULER):
            processes.start(name, commands[name])
        _create(api, "/apis/storage.k8s.io/v1/storageclasses", _STORAGE_CLASS)
        for name, port in ((CONTROLLER_MANAGER, self.ports.controller_manager), (SCHEDULER, self.ports.scheduler)):
            processes.wait(f"{name} is healthy", self._health(port), 60, COMPONENTS)
        processes.wait(
            "the namespace default has its ServiceAccount",
            lambda: has_account(api, "default", minor),
            60,
            (*COMPONENTS[:2], SCHEDULER, CONTROLLER_MANAGER),
        )

    def _health(self, port: int) -> Callable[[], bool]:
        """Ask whether the component at a port is healthy."""
        return lambda: answers(port, "/healthz", self.address)

    def _commands(self, minor: int) -> Mapping[str, list[str]]:
        """The command of every component."""
        plain = {"port": "0"} if minor <= _LAST_WITH_PLAIN_PORTS else {}
        return {
            ETCD: [*self.prefix, str(self.programs.etcd), *_flags(self._etcd())],
            APISERVER: [*self.prefix, self._program("kube-apiserver"), *_flags(self._apiserver())],
            CONTROLLER_MANAGER: [
                *self.prefix,
                *self._apart(),
                self._program("kube-controller-manager"),
                *_flags(self._controller_manager() | plain),
            ],
            SCHEDULER: [*self.prefix, self._program("kube-scheduler"), *_flags(self._scheduler() | plain)],
        }

    def _program(self, name: str) -> str:
        return str(self.programs.path(name))

    def _apart(self) -> list[str]:
        """Give the controller manager a folder of volumes of its own, where the machine allows that."""
        if not self.private_volumes or os.geteuid() != 0:
            return []
        aside = ["unshare", "--mount", "--propagation", "slave"]
        if subprocess.run([*aside, "true"], capture_output=True, check=False).returncode:
            return []
        mine = self.run / "volumes"
        mine.mkdir(exist_ok=True)
        VOLUMES.mkdir(exist_ok=True)
        return [*aside, "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", str(mine), str(VOLUMES)]

    def _etcd(self) -> dict[str, str]:
        client = f"http://{self.address}:{self.ports.etcd}"
        peer = f"http://{self.address}:{self.ports.etcd_peer}"
        return {
            "name": "fedplan",
            "data-dir": str(self.run / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"fedplan={peer}",
            "logger": "zap",
            "log-level": "warn",
        }

    def _apiserver(self) -> dict[str, str]:
        pki = self.pki
        issuer = "https://kubernetes.default.svc"
        return {
            "etcd-servers": f"http://{self.address}:{self.ports.etcd}",
            "bind-address": self.address,
            "secure-port": str(self.ports.apiserver),
            "advertise-address": self.advertised,
            "tls-cert-file": str(pki.certificate("apiserver")),
            "tls-private-key-file": str(pki.key("apiserver")),
            "client-ca-file": str(pki.ca),
            "token-auth-file": str(pki.tokens),
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            "service-cluster-ip-range": SERVICES,
            "service-account-issuer": issuer,
            "api-audiences": issuer,
            "service-account-signing-key-file": str(pki.key("service-accounts")),
            "service-account-key-file": str(pki.folder / "service-accounts.pub"),
            "kubelet-client-certificate": str(pki.certificate("apiserver-to-kubelet")),
            "kubelet-client-key": str(pki.key("apiserver-to-kubelet")),
            "kubelet-certificate-authority": str(pki.ca),
            "kubelet-preferred-address-types": "InternalIP",
            "requestheader-client-ca-file": str(pki.ca),
            "requestheader-allowed-names": "front-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": str(pki.certificate("front-proxy")),
            "proxy-client-key-file": str(pki.key("front-proxy")),
            "profiling": "false",
        }

    def _controller_manager(self) -> dict[str, str]:
        """Flags; ranges for nodes are not handed out, since that controller holds up all others for ten seconds.

        A node is not given up while a test keeps the API server from it.
        """
        pki = self.pki
        return {
            **self._delegate("controller-manager"),
            "secure-port": str(self.ports.controller_manager),
            "service-account-private-key-file": str(pki.key("service-accounts")),
            "root-ca-file": str(pki.ca),
            "allocate-node-cidrs": "false",
            "service-cluster-ip-range": SERVICES,
            "cluster-signing-cert-file": str(pki.ca),
            "cluster-signing-key-file": str(pki.key("ca")),
            "enable-hostpath-provisioner": "true",
            "node-monitor-grace-period": "1h",
            "kube-api-qps": "300",
            "kube-api-burst": "500",
        }

    def _scheduler(self) -> dict[str, str]:
        return {**self._delegate("scheduler"), "secure-port": str(self.ports.scheduler)}

    def _delegate(self, name: str) -> dict[str, str]:
        kubeconfig = str(self.pki.kubeconfig(name))
        return {
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            "bind-address": self.address,
            "leader-elect": "false",
        }


def wait_ready(processes: Processes, api: Api, seconds: float = 90) -> None:
    """Wait until the API server says that it is ready."""
    processes.wait("the API server is ready", api.is_ready, seconds, (ETCD, APISERVER))


def minor_version(programs: Programs) -> int:
    """The 20 of Kubernetes 1.20.2."""
    command = [str(programs.path("kube-apiserver")), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"v1\.(\d+)", said)
    return int(found[1]) if found else 0


def has_account(api: Api, namespace: str, minor: int) -> bool:
    """Whether pods can be made in a namespace: its ServiceAccount is there, with a token where servers need one."""
    account = api.find(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
    return account is not None and (minor > _LAST_WITH_TOKEN_SECRETS or bool(account.get("secrets")))


def _create(api: Api, path: str, value: Mapping[str, object]) -> None:
    """Create something that may be there already."""
    try:
        api.call("POST", path, value)
    except ApiError as refused:
        if refused.status != 409:
            raise


def _flags(values: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items()]
