"""The harness itself: what tests of deployments rely on."""

from __future__ import annotations

import importlib
import time
import urllib.request
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import Namespaces
from tests.cluster.harness import control, faults, lifecycle, node, runs, standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.harness.level import Level
from tests.cluster.harness.processes import Processes

client: Any = importlib.import_module("kubernetes.client")
stream: Any = importlib.import_module("kubernetes.stream").stream

Clients = Callable[[Cluster | Path], Any]
SERVER = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8000)"

DIALS = """import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=2).read())
except OSError as error:
    print(error)"""


def deployment(name: str, image: str, replicas: int = 1, **container: Any) -> dict[str, Any]:
    """Make the smallest Deployment there is."""
    labels = {"app": name}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": image, **container}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def until(check: Callable[[], object], seconds: float = 180) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.05)


def is_rolled_out(apps: Any, namespace: str, name: str, replicas: int = 1) -> bool:
    """Whether all replicas of a Deployment are ready."""
    return bool(apps.read_namespaced_deployment(name, namespace).status.ready_replicas == replicas)


def states(core: Any, namespace: str) -> list[Any]:
    """The statuses of all main containers of a namespace."""
    pods = core.list_namespaced_pod(namespace).items
    return [status for pod in pods for status in pod.status.container_statuses or []]


def ready(pod: Any) -> bool:
    """Whether a pod is ready."""
    return any((found.type, found.status) == ("Ready", "True") for found in pod.status.conditions or [])


def is_ready(core: Any, namespace: str, name: str) -> bool:
    """Whether a pod is ready now."""
    return ready(core.read_namespaced_pod(name, namespace))


def waiting(core: Any, namespace: str) -> list[str]:
    """Why containers of a namespace wait, in the words of the kubelet."""
    return sorted({state.state.waiting.reason for state in states(core, namespace) if state.state.waiting})


def said(core: Any, namespace: str, reason: str) -> set[str]:
    """What events of a reason say."""
    return {event.message for event in core.list_namespaced_event(namespace).items if event.reason == reason}


# The control plane and its fake node


@pytest.mark.usefixtures("fake_node")
def test_deployment_becomes_ready(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A Deployment goes all the way through the control plane to the fake node."""
    apps, name = client.AppsV1Api(client_of(control_plane)), namespace(control_plane)
    apps.create_namespaced_deployment(name, deployment("web", "web:1", replicas=3))
    until(lambda: is_rolled_out(apps, name, "web", 3))


def test_absent_image(control_plane: Cluster, fake_node: FakeNode, namespace: Namespaces, client_of: Clients) -> None:
    """An image that cannot be pulled shows as a kubelet shows it, and the pod gets well when it can."""
    core, apps = client.CoreV1Api(client_of(control_plane)), client.AppsV1Api(client_of(control_plane))
    name = namespace(control_plane)
    fake_node.decide({"absent": "image-pull"})
    apps.create_namespaced_deployment(name, deployment("web", "absent:1"))
    until(lambda: waiting(core, name) == ["ImagePullBackOff"])
    until(lambda: said(core, name, "BackOff") == {'Back-off pulling image "absent:1"'})
    fake_node.decide({})
    until(lambda: is_rolled_out(apps, name, "web"))


@pytest.mark.parametrize(("fate", "code", "reason"), [("crash", 1, "Error"), ("oom", 137, "OOMKilled")])
@pytest.mark.usefixtures("fake_node")
def test_container_that_ends(
    control_plane: Cluster, namespace: Namespaces, client_of: Clients, fate: str, code: int, reason: str
) -> None:
    """A container that ends is restarted and restarted; its last state says why. The pod's annotation asks for it."""
    core, apps = client.CoreV1Api(client_of(control_plane)), client.AppsV1Api(client_of(control_plane))
    name = namespace(control_plane)
    made = deployment("web", "web:1")
    made["spec"]["template"]["metadata"]["annotations"] = {"fake/state": fate}
    apps.create_namespaced_deployment(name, made)
    until(lambda: any(state.restart_count >= 2 for state in states(core, name)))
    assert waiting(core, name) == ["CrashLoopBackOff"]
    (state,) = states(core, name)
    assert (state.last_state.terminated.exit_code, state.last_state.terminated.reason) == (code, reason)


def test_unready_container(
    control_plane: Cluster, fake_node: FakeNode, namespace: Namespaces, client_of: Clients
) -> None:
    """A container may run and never become ready."""
    core, apps = client.CoreV1Api(client_of(control_plane)), client.AppsV1Api(client_of(control_plane))
    name = namespace(control_plane)
    fake_node.decide(lambda image: "never-ready" if image == "web:1" else None)
    apps.create_namespaced_deployment(name, deployment("web", "web:1"))
    until(lambda: said(core, name, "Unhealthy"))
    (state,) = states(core, name)
    assert (state.ready, state.state.running is not None) == (False, True)


@pytest.mark.usefixtures("fake_node")
def test_pod_waits_for_its_secret(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A pod that asks for a Secret waits until there is one."""
    core, apps = client.CoreV1Api(client_of(control_plane)), client.AppsV1Api(client_of(control_plane))
    name = namespace(control_plane)
    apps.create_namespaced_deployment(name, deployment("web", "web:1", envFrom=[{"secretRef": {"name": "login"}}]))
    until(lambda: waiting(core, name) == ["CreateContainerConfigError"])
    core.create_namespaced_secret(name, {"metadata": {"name": "login"}, "stringData": {"user": "a"}})
    until(lambda: is_rolled_out(apps, name, "web"))


def test_logs(control_plane: Cluster, fake_node: FakeNode, namespace: Namespaces, client_of: Clients) -> None:
    """Logs of the fake node's pods are read through the API server; a test may set them."""
    core, name = client.CoreV1Api(client_of(control_plane)), namespace(control_plane)
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
    core.create_namespaced_pod(name, pod)
    until(lambda: core.read_namespaced_pod("web", name).status.phase == "Running")
    assert core.read_namespaced_pod_log("web", name) == "log of web\n"
    fake_node.set_log("web", "one\ntwo\n")
    assert core.read_namespaced_pod_log("web", name, tail_lines=1) == "two\n"


@pytest.mark.usefixtures("fake_node")
def test_fake_node_insists(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A pod that somebody else has taken for unready, as controllers do while the API was away, is ready again."""
    core, name = client.CoreV1Api(client_of(control_plane)), namespace(control_plane)
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
    core.create_namespaced_pod(name, pod)
    until(lambda: is_ready(core, name, "web"))
    patch = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    assert not ready(core.patch_namespaced_pod_status("web", name, patch))
    until(lambda: is_ready(core, name, "web"))


@pytest.mark.usefixtures("fake_node")
def test_job_completes(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A Job's pod ends well after a moment."""
    batch, name = client.BatchV1Api(client_of(control_plane)), namespace(control_plane)
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "job:1"}]}
    batch.create_namespaced_job(name, {"metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}})
    until(lambda: batch.read_namespaced_job("once", name).status.succeeded == 1)


@pytest.mark.usefixtures("fake_node")
def test_claims_of_a_stateful_set_are_bound(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """The default StorageClass provides volumes."""
    core, apps = client.CoreV1Api(client_of(control_plane)), client.AppsV1Api(client_of(control_plane))
    name = namespace(control_plane)
    made = deployment("store", "store:1") | {"kind": "StatefulSet"}
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made["spec"] |= {"serviceName": "store", "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": asked}]}
    apps.create_namespaced_stateful_set(name, made)
    until(lambda: apps.read_namespaced_stateful_set("store", name).status.ready_replicas == 1)
    (claim,) = core.list_namespaced_persistent_volume_claim(name).items
    assert (claim.status.phase, claim.spec.storage_class_name) == ("Bound", "hostpath")


def test_control_planes_know_nothing_of_each_other(
    control_plane: Cluster, second_control_plane: Cluster, namespace: Namespaces, client_of: Clients
) -> None:
    """Two control planes run side by side."""
    name = namespace(control_plane)
    here, there = (
        {found.metadata.name for found in client.CoreV1Api(client_of(cluster)).list_namespace().items}
        for cluster in (control_plane, second_control_plane)
    )
    assert (name in here, name in there) == (True, False)


def test_quota_is_enforced(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """What a quota does not allow is refused."""
    core, name = client.CoreV1Api(client_of(control_plane)), namespace(control_plane)
    core.create_namespaced_resource_quota(name, {"metadata": {"name": "few"}, "spec": {"hard": {"secrets": "1"}}})
    until(lambda: core.read_namespaced_resource_quota("few", name).status.hard)
    with pytest.raises(client.ApiException, match="exceeded quota: few") as refused:
        core.create_namespaced_secret(name, {"metadata": {"name": "login"}})
    assert refused.value.status == 403


def test_limit_range_gives_defaults(control_plane: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """What a LimitRange says goes into pods that say nothing."""
    core, name = client.CoreV1Api(client_of(control_plane)), namespace(control_plane)
    limits = [{"type": "Container", "default": {"cpu": "250m"}}]
    core.create_namespaced_limit_range(name, {"metadata": {"name": "usual"}, "spec": {"limits": limits}})
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}

    def is_limited() -> bool:
        """The admission plugin learns of a LimitRange a moment later."""
        made = core.create_namespaced_pod(name, pod, dry_run="All")
        return bool(made.spec.containers[0].resources.limits == {"cpu": "250m"})

    until(is_limited)


def test_stranger_is_refused(control_plane: Cluster, client_of: Clients) -> None:
    """There is a user who is known and may do nothing."""
    stranger = client.CoreV1Api(client_of(control_plane.stranger_kubeconfig()))
    with pytest.raises(client.ApiException, match="cannot list resource") as refused:
        stranger.list_namespaced_pod("default")
    assert refused.value.status == 403


def test_unknown_token_is_refused(control_plane: Cluster, client_of: Clients) -> None:
    """A token that nobody gave out is nobody's."""
    nobody = client.CoreV1Api(client_of(control_plane.mint_kubeconfig("made-up")))
    with pytest.raises(client.ApiException) as refused:
        nobody.list_namespaced_pod("default")
    assert refused.value.status == 401


@pytest.mark.parametrize("component", ["apiserver", "etcd"])
def test_stopped_component_comes_back(
    second_control_plane: Cluster, namespace: Namespaces, client_of: Clients, component: str
) -> None:
    """A stopped component takes the API with it; started again, it serves what was there, and pods come up."""
    apps, name = client.AppsV1Api(client_of(second_control_plane)), namespace(second_control_plane)
    with faults.stopped(second_control_plane, component):
        assert not Processes(run_of(second_control_plane)).is_alive(component)
        with second_control_plane.api() as api:
            assert not api.is_ready()
    apps.create_namespaced_deployment(name, deployment("web", "web:1"))
    until(lambda: is_rolled_out(apps, name, "web"))


def test_frozen_controllers_do_nothing(
    second_control_plane: Cluster, namespace: Namespaces, client_of: Clients
) -> None:
    """While the controller manager hangs, a Deployment stays a wish."""
    core, apps = (api(client_of(second_control_plane)) for api in (client.CoreV1Api, client.AppsV1Api))
    name = namespace(second_control_plane)
    with faults.frozen(second_control_plane, "controller-manager"):
        apps.create_namespaced_deployment(name, deployment("web", "web:1"))
        time.sleep(1)
        assert core.list_namespaced_pod(name).items == []
    until(lambda: is_rolled_out(apps, name, "web"))


def test_unknown_component_is_refused(second_control_plane: Cluster) -> None:
    """A misspelt component is no silent success."""
    with pytest.raises(HarnessError, match=r"api-server is no component here; there are .*apiserver"):
        faults.stop(second_control_plane, "api-server")


def test_nothing_is_left(control_plane: Cluster) -> None:
    """A cluster that is taken down leaves no process, no port and no folder."""
    with lifecycle.running(Level.CONTROL) as third:
        run = run_of(third)
        assert run != control_plane.run
        records = [record for name in Processes(run).names() if (record := Processes(run).record(name))]
        assert [record.name for record in records] == list(control.COMPONENTS)
    assert ([record for record in records if record.is_alive], run in runs.every()) == ([], False)


def run_of(cluster: Cluster) -> Path:
    """Find the run folder of a cluster of our own."""
    if cluster.run is None:
        pytest.skip("a given cluster is not ours to stop")
    return cluster.run


# The real node


def test_pod_serves_on_a_node_port(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A pod of the stand-in, under the name of any image, answers the machine at the port of its Service."""
    core, apps = client.CoreV1Api(client_of(real_node)), client.AppsV1Api(client_of(real_node))
    name = namespace(real_node)
    node.tag_image(real_node, standin.STANDIN, "example/web:2.0")
    apps.create_namespaced_deployment(name, deployment("web", "example/web:2.0", command=["python3", "-c", SERVER]))
    port = {"port": 80, "targetPort": 8000, "protocol": "TCP"}
    spec = {"type": "NodePort", "selector": {"app": "web"}, "ports": [port]}
    made = core.create_namespaced_service(name, {"metadata": {"name": "web"}, "spec": spec})
    until(lambda: is_rolled_out(apps, name, "web"))
    address = f"http://{real_node.node_address}:{made.spec.ports[0].node_port}/etc/group"

    def answers() -> bool:
        """The rules of the Service come a moment after the pod."""
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.read().startswith(b"root:"))
        except OSError:
            return False

    until(answers)


def test_standin_has_what_scripts_need(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """Commands run in a pod: shells, the usual tools, Python with TLS; names of Services are resolved."""
    core, name = client.CoreV1Api(client_of(real_node)), namespace(real_node)
    core.create_namespaced_service(
        name, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}
    )
    pod = shell(client_of(real_node), name)
    script = """set -e
    mkdir -p /tmp/a; echo one > /tmp/a/b; cp /tmp/a/b /tmp/c; ln -s c /tmp/d; cat /tmp/d; ls /tmp
    env | grep -c ^HOME; id -u; bash -c 'echo ${BASH_VERSION:0:1}'; command -v nc
    python3 -c 'import socket, http.server, ssl, json, sqlite3, hashlib; print(socket.gethostbyname("web"))'"""
    printed = ran(client_of(real_node), name, pod, "sh", "-c", script)
    expected = core.read_namespaced_service("web", name).spec.cluster_ip
    assert printed.split("\n") == ["one", "a", "c", "d", "1", "0", "5", "/usr/bin/nc", expected, ""]


def test_claim_is_bound_and_kept(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """What a pod writes to its volume is there for the next one."""
    core, name = client.CoreV1Api(client_of(real_node)), namespace(real_node)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    core.create_namespaced_persistent_volume_claim(name, {"metadata": {"name": "data"}, "spec": claim})
    for pod, command in (("writer", "echo kept > /data/file"), ("reader", "cat /data/file")):
        container = {
            "name": "main",
            "image": standin.STANDIN,
            "command": ["sh", "-c", command],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
        spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
        core.create_namespaced_pod(name, {"metadata": {"name": pod}, "spec": spec})
        until(lambda pod=pod: core.read_namespaced_pod(pod, name).status.phase == "Succeeded")  # type: ignore[misc]
    assert core.read_namespaced_pod_log("reader", name) == "kept\n"


def test_programs_of_the_machine_run_in_a_pod(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """The empty image with the machine's folders has the Python of the tests, packages and all."""
    import sys

    core, name = client.CoreV1Api(client_of(real_node)), namespace(real_node)
    volumes, mounts = standin.host_programs()
    command = [sys.executable, "-c", "import kubernetes, sys; print(sys.prefix)"]
    container = {"name": "main", "image": standin.HOST, "command": command, "volumeMounts": mounts}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": volumes}
    core.create_namespaced_pod(name, {"metadata": {"name": "host"}, "spec": spec})
    until(lambda: core.read_namespaced_pod("host", name).status.phase == "Succeeded")
    assert core.read_namespaced_pod_log("host", name) == f"{sys.prefix}\n"


def test_pods_reach_the_api_server(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A pod finds the API server by its name, trusts it, and is known there as its ServiceAccount."""
    core, name = client.CoreV1Api(client_of(real_node)), namespace(real_node)
    program = """import ssl, urllib.error, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
token = {"Authorization": "Bearer " + open(folder + "token").read()}
asked = urllib.request.Request("https://kubernetes.default.svc/api/v1/pods", headers=token)
try:
    urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=folder + "ca.crt"), timeout=5)
except urllib.error.HTTPError as refused:
    print(refused.code, refused.read().decode())"""
    container = {"name": "main", "image": standin.STANDIN, "command": ["python3", "-c", program]}
    spec = {"restartPolicy": "OnFailure", "containers": [container]}
    core.create_namespaced_pod(name, {"metadata": {"name": "caller"}, "spec": spec})
    until(lambda: core.read_namespaced_pod("caller", name).status.phase == "Succeeded")
    answer = core.read_namespaced_pod_log("caller", name)
    assert (answer[:3], f"system:serviceaccount:{name}:default" in answer) == ("403", True)


def test_absent_image_on_the_real_node(real_node: Cluster, namespace: Namespaces, client_of: Clients) -> None:
    """A real kubelet tells of an absent image in the words the fake node uses."""
    core, apps = client.CoreV1Api(client_of(real_node)), client.AppsV1Api(client_of(real_node))
    name = namespace(real_node)
    apps.create_namespaced_deployment(name, deployment("web", "localhost/absent:1"))
    until(lambda: waiting(core, name) == ["ImagePullBackOff"])
    until(lambda: 'Back-off pulling image "localhost/absent:1"' in said(core, name, "BackOff"))


def test_pods_reach_the_node_ports_of_a_joined_cluster(
    real_node: Cluster, second_real_node: Cluster, namespace: Namespaces, client_of: Clients
) -> None:
    """Two nodes run at once; pods of either dial ports of the other, until they are unplugged or packets vanish."""
    clusters = (real_node, second_real_node)
    names = {cluster: namespace(cluster) for cluster in clusters}
    doors = {cluster: serving(client_of(cluster), names[cluster], cluster) for cluster in clusters}
    pods = {cluster: shell(client_of(cluster), names[cluster]) for cluster in clusters}

    def dial(source: Cluster, target: Cluster) -> str:
        """What a pod of one cluster gets from the other."""
        line = ("python3", "-c", DIALS, f"{doors[target]}/etc/group")
        return ran(client_of(source), names[source], pods[source], *line)

    until(lambda: all("root:" in dial(source, target) for source, target in permutations(clusters)))
    with faults.unplugged(second_real_node, real_node):
        assert not any("root:" in dial(source, target) for source, target in permutations(clusters))
    until(lambda: all("root:" in dial(source, target) for source, target in permutations(clusters)))
    with faults.swallowing(second_real_node, real_node):
        assert "timed out" in dial(real_node, second_real_node)
    until(lambda: all("root:" in dial(source, target) for source, target in permutations(clusters)))


def serving(reached: Any, name: str, cluster: Cluster) -> str:
    """Where a new web server of a cluster answers, as other clusters see it."""
    core, apps = client.CoreV1Api(reached), client.AppsV1Api(reached)
    apps.create_namespaced_deployment(name, deployment("web", standin.STANDIN, command=["python3", "-c", SERVER]))
    spec = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000}]}
    made = core.create_namespaced_service(name, {"metadata": {"name": "web"}, "spec": spec})
    return f"http://{cluster.node_address}:{made.spec.ports[0].node_port}"


def shell(reached: Any, name: str) -> str:
    """A new pod in which commands can be run."""
    core = client.CoreV1Api(reached)
    container = {"name": "main", "image": standin.STANDIN, "command": ["sleep", "1000"]}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    core.create_namespaced_pod(name, {"metadata": {"name": "shell"}, "spec": spec})
    until(lambda: core.read_namespaced_pod("shell", name).status.phase == "Running")
    return "shell"


def ran(reached: Any, name: str, pod: str, *command: str) -> str:
    """What a command in a pod writes, errors and all."""
    run = [client.CoreV1Api(reached).connect_get_namespaced_pod_exec, pod, name]
    options = {"stdout": True, "stderr": True, "stdin": False, "tty": False, "_preload_content": False}
    running = stream(*run, command=list(command), **options)
    running.run_forever(timeout=30)
    printed: str = running.read_all()
    running.sock.shutdown()  # close() leaves the socket of a command that has ended open
    return printed
