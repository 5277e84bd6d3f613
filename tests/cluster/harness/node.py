"""A real node: containerd, kubelet, kube-proxy and DNS, apart from the machine that it runs on.

All of it, and the control plane with it, lives in a network and a mount namespace that one process holds. There /run,
/var/lib, /var/log and the folder of volumes are the run's own, so that nothing of another container runtime is
touched, and whatever is mounted goes away with the last process. The machine reaches the node over a pair of virtual
interfaces; nothing leaves the machine.

Several nodes run side by side: the number of a run decides its addresses. They know nothing of each other until they
are joined by a pair of interfaces of their own, since the machine passes nothing on between them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.harness import runs, standin
from tests.cluster.harness.api import Api
from tests.cluster.harness.build import Programs
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.control import PODS, VOLUMES, minor_version
from tests.cluster.harness.dns import TOKEN
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.images import full_name
from tests.cluster.harness.pki import Pki
from tests.cluster.harness.processes import Processes, Record
from tests.cluster.harness.steps import Steps

NAME = "node-1"
TO_MACHINE = "node0"
"""The node's interface towards the machine."""

_HOLDER = "namespaces"
_MARK = "FEDPLAN_NODE"
_CTR = ("ctr", "--namespace=k8s.io")
_TAGGING = threading.Lock()
_SOCKET = "/run/containerd/containerd.sock"
_ROOT = Path(__file__).resolve().parents[3]
_PRIVATE = {"var-lib": Path("/var/lib"), "var-log": Path("/var/log"), "volumes": VOLUMES}
_LAST_WITH_DOCKER = 23
_LAST_WITH_RUNTIME_FLAG = 26
_CONTAINERD = """version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{run}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def prepare(run: Path, steps: Steps) -> None:
    """Make the namespaces, the network and the control groups of the node; start containerd there."""
    if os.geteuid() != 0:
        message = "a real node needs root, for its namespaces and containers"
        raise HarnessError(message)
    (run / _HOLDER).touch()
    processes = Processes(run)
    _hold_namespaces(run, processes)
    _connect(run, steps)
    for group in _control_groups(run):
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists():
                (group / name).write_text((group.parent / name).read_text())
    _write_network(run)
    config = run / "containerd.toml"
    config.write_text(_CONTAINERD.format(socket=_SOCKET, pause=standin.PAUSE, run=run), encoding="utf-8")
    _start(run, processes, "containerd", ["containerd", "--config", str(config)])


def start(programs: Programs, pki: Pki, run: Path, processes: Processes, api: Api, steps: Steps) -> None:
    """Start the node on a control plane that is ready; return when pods can run there."""
    minor = minor_version(programs)
    processes.wait("containerd answers", lambda: _answers(run), 30, ["containerd"])
    _import(run, standin.archives(), steps)
    steps.say("images imported")
    _start(run, processes, "kubelet", [str(programs.path("kubelet")), *_kubelet(pki, run, minor)])
    names = [sys.executable, "-m", "tests.cluster.harness.dns", address(run), api.endpoint.server, str(pki.ca)]
    _start(run, processes, "dns", names, {TOKEN: api.endpoint.token, "PYTHONPATH": str(_ROOT)})
    processes.wait("the node is registered", lambda: api.find(f"/api/v1/nodes/{NAME}"), 60, ["kubelet"])
    _start(run, processes, "proxy", [str(programs.path("kube-proxy")), f"--config={_proxy(pki, run)}"])
    processes.wait("the node is ready", lambda: _is_ready(api), 90, ["containerd", "proxy", "dns", "kubelet"])


def address(run: Path) -> str:
    """Where the node of a run is."""
    return f"{_network(run)}.1"


def join(one: Cluster, other: Cluster) -> None:
    """Let packets pass between two nodes: what pods of either send to the address of the other arrives."""
    here, there, link, back = _run(one), _run(other), link_to(other), link_to(one)
    peer = ("type", "veth", "peer", "name", back, "netns", str(_held(there).pid))
    _on(here, "ip", "link", "add", link, *peer)
    for run, beyond, name in ((here, there, link), (there, here, back)):
        _on(run, "ip", "address", "add", address(run), "peer", address(beyond), "dev", name)
        _on(run, "ip", "link", "set", name, "up")


def link_to(other: Cluster) -> str:
    """The interface of a node that leads to another one it was joined with."""
    return f"to{_run(other).name}"


def was_prepared(run: Path) -> bool:
    """Whether a run has, or had, a node."""
    return (run / _HOLDER).exists()


def inside(run: Path) -> tuple[str, ...]:
    """What a command begins with that is to run on the node."""
    return ("nsenter", f"--target={_held(run).pid}", "--net", "--mount")


def command(cluster: Cluster, *words: str) -> str:
    """Run a command on the node; returns what it wrote."""
    return _on(_run(cluster), *words)


def import_image(cluster: Cluster, archive: Path) -> None:
    """Give the node one more image."""
    _ctr(_run(cluster), "images", "import", str(archive))


def tag_image(cluster: Cluster, source: str, name: str) -> None:
    """Give an image of the node another name, under which pods find it too (`mysql:8.0.28`)."""
    run, names = _run(cluster), (full_name(source), full_name(name))
    with _TAGGING:  # with --force a name is taken away and given anew: a pod that starts then finds it missing
        listed = _ctr(run, "images", "list", *(f"name=={each}" for each in names)).splitlines()[1:]
        digests = [line.split()[2] for line in listed]
        if len(digests) < len(names) or len(set(digests)) > 1:
            _ctr(run, "images", "tag", "--force", *names)


def tear_down(run: Path, processes: Processes) -> None:
    """End everything of a node: first who starts containers, then these, then who looks after them."""
    processes.end(["kubelet", "proxy", "dns"])
    _kill(lambda: _in_control_groups(run))
    _wait_while(lambda: _marked(run, b"containerd-shim"), 5)
    processes.end(["containerd"])
    _kill(lambda: [pid for pid in _marked(run, b"") if pid != os.getpid()])
    for group in _control_groups(run):
        for folder in reversed(_folders(group)):
            with suppress(OSError):
                folder.rmdir()
    with suppress(HarnessError):  # without its last process a namespace goes away, and its interfaces with it
        _on(run, "ip", "link", "delete", TO_MACHINE)


def _start(
    run: Path, processes: Processes, name: str, command: Sequence[str], environment: dict[str, str] | None = None
) -> None:
    """Start a program of the node, marked as belonging to the run."""
    quiet = {"AWS_EC2_METADATA_DISABLED": "true"}
    processes.start(name, [*inside(run), *command], {_MARK: str(run), **quiet, **(environment or {})})


def _hold_namespaces(run: Path, processes: Processes) -> None:
    """Start the process that keeps the namespaces, with folders of the run in place of the machine's."""
    lines = ["set -e", "mount -t tmpfs tmpfs /run", "mkdir -p /run/netns /run/lock"]
    VOLUMES.mkdir(exist_ok=True)
    for name, place in _PRIVATE.items():
        (run / name).mkdir()
        lines.append(f"mount --bind {run / name} {place}")
    lines += ["mount --make-rshared /", f"touch {run}/held", "exec sleep infinity"]
    command = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", "\n".join(lines)]
    processes.start(_HOLDER, command)
    processes.wait("the node has its namespaces", (run / "held").exists, 10, [_HOLDER])


def _connect(run: Path, steps: Steps) -> None:
    """Connect the node with the machine by a pair of interfaces."""
    link, machine = runs.link(run), f"{_network(run)}.254"
    peer = ("type", "veth", "peer", "name", TO_MACHINE, "netns", str(_held(run).pid))
    steps.run(["ip", "link", "add", link, *peer])
    steps.run(["ip", "address", "add", f"{machine}/24", "dev", link])
    steps.run(["ip", "link", "set", link, "up"])
    on_node = inside(run)
    steps.run([*on_node, "ip", "link", "set", "lo", "up"])
    steps.run([*on_node, "ip", "address", "add", f"{address(run)}/24", "dev", TO_MACHINE])
    steps.run([*on_node, "ip", "link", "set", TO_MACHINE, "up"])
    steps.run([*on_node, "ip", "route", "add", "default", "via", machine])
    values = {"ip_forward": "1", "conf.all.route_localnet": "1"}
    steps.run([*on_node, "sysctl", "-qw", *(f"net.ipv4.{name}={value}" for name, value in values.items())])
    bridge = "net.bridge.bridge-nf-call-iptables=1"
    subprocess.run([*on_node, "sysctl", "-qw", bridge], capture_output=True, check=False)


def _network(run: Path) -> str:
    """The first three numbers of the addresses that a node and the machine have for each other."""
    high, low = divmod(int(run.name), 256)
    return f"10.{99 + high}.{low}"


def _run(cluster: Cluster) -> Path:
    """The folder of a cluster that we started."""
    if cluster.run is None:
        message = "a given cluster has images and a network of its own"
        raise HarnessError(message)
    return cluster.run


def _held(run: Path) -> Record:
    """The process that holds the namespaces of a node."""
    holder = Processes(run).record(_HOLDER)
    if holder is None or not holder.is_alive:
        message = f"the node of {run} is gone"
        raise HarnessError(message)
    return holder


def _control_group(run: Path) -> str:
    """The name of the control group of a node's pods: that of the run's folder, which nobody else has."""
    return "-".join(run.parts[1:])


def _control_groups(run: Path) -> list[Path]:
    """The control group of a node's pods, in every hierarchy of the machine."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    fields = [line.split() for line in mounts]
    places = [Path(place) for _, place, kind, *_ in fields if kind in ("cgroup", "cgroup2")]
    return [place / _control_group(run) for place in places]


def _write_network(run: Path) -> None:
    """Describe the network of the pods."""
    folder = run / "cni"
    folder.mkdir()
    ranges = {
        "type": "host-local",
        "ranges": [[{"subnet": PODS.replace("/16", "/24")}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": ranges,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "0.4.0", "name": "fedplan", "plugins": [bridge, ports]}
    (folder / "10-fedplan.conflist").write_text(json.dumps(network), encoding="utf-8")


def _kubelet(pki: Pki, run: Path, minor: int) -> list[str]:
    """The kubelet's flags; writes its settings."""
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": address(run),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.ca)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki.certificate("kubelet-server")),
        "tlsPrivateKeyFile": str(pki.key("kubelet-server")),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{_control_group(run)}",
        "failSwapOn": False,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "clusterDomain": "cluster.local",
        "clusterDNS": [address(run)],
        "resolvConf": "/dev/null",
        "volumePluginDir": str(run / "plugins"),
        "nodeStatusUpdateFrequency": "2s",
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "serializeImagePulls": False,
        "syncFrequency": "5s",
        "kubeAPIQPS": 50,
        "kubeAPIBurst": 100,
    }
    file = run / "kubelet.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    flags = {
        "config": str(file),
        "kubeconfig": str(pki.kubeconfig("kubelet")),
        "hostname-override": NAME,
        "node-ip": address(run),
        "container-runtime-endpoint": f"unix://{_SOCKET}",
    }
    if minor <= _LAST_WITH_DOCKER:
        flags |= {"containerd": _SOCKET, "docker": "unix:///run/no-docker.sock"}
    if minor <= _LAST_WITH_RUNTIME_FLAG:
        flags |= {"container-runtime": "remote"}
    return [f"--{name}={value}" for name, value in flags.items()]


def _proxy(pki: Pki, run: Path) -> Path:
    """Write the settings of kube-proxy."""
    unset = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    settings = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": address(run),
        "clientConnection": {"kubeconfig": str(pki.kubeconfig("proxy"))},
        "clusterCIDR": PODS,
        "hostnameOverride": NAME,
        "mode": "iptables",
        "conntrack": unset,
    }
    file = run / "kube-proxy.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return file


def _import(run: Path, archives: Sequence[Path], steps: Steps) -> None:
    """Import images into containerd."""
    steps.begin("import images")
    for archive in archives:
        steps.run([*inside(run), *_CTR, "images", "import", str(archive)])


def _ctr(run: Path, *arguments: str) -> str:
    """Ask containerd for something."""
    return _on(run, *_CTR, *arguments)


def _on(run: Path, *words: str) -> str:
    """Run a command on a node; returns what it wrote."""
    line = [*inside(run), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(line)}\n{done.stderr}"
        raise HarnessError(message)
    return done.stdout


def _folders(group: Path) -> list[Path]:
    """A control group and all below it, each before its own; those that vanish meanwhile are left out."""
    return [Path(folder) for folder, _, _ in os.walk(group)]


def _answers(run: Path) -> bool:
    """Whether containerd answers."""
    return subprocess.run([*inside(run), *_CTR, "version"], capture_output=True, check=False).returncode == 0


def _is_ready(api: Api) -> bool:
    """Whether pods can be scheduled on the node."""
    node = api.get(f"/api/v1/nodes/{NAME}")
    conditions = {condition["type"]: condition["status"] for condition in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _in_control_groups(run: Path) -> list[int]:
    """The processes of the node's containers."""
    found: set[int] = set()
    for group in _control_groups(run):
        for file in (folder / "cgroup.procs" for folder in _folders(group)):
            with suppress(OSError):
                found |= {int(line) for line in file.read_text().split()}
    return sorted(found)


def _marked(run: Path, program: bytes) -> list[int]:
    """The processes that carry the mark of a run, of one program or of all."""
    mark = f"{_MARK}={run}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0") and program in (
                    (process / "cmdline").read_bytes()
                ):
                    found.append(int(process.name))
    return found


def _kill(who: Callable[[], list[int]]) -> None:
    """Kill processes until there are none left."""

    def strike() -> bool:
        for pid in (alive := who()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(alive)

    _wait_while(strike, 5)


def _wait_while(check: Callable[[], object], seconds: float) -> None:
    """Wait as long as something holds, within reason."""
    deadline = time.monotonic() + seconds
    while check() and time.monotonic() < deadline:
        time.sleep(0.05)
