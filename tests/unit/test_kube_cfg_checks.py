"""What one kube.cfg cannot say of a federation of v1.2.0 or v1.3.0 is told, once, and nothing else is."""

from __future__ import annotations

import pytest

from planner.diagnostics import Diagnostic
from planner.kube_cfg import expresses
from planner.pipeline import check
from planner.releases import FATE, FATE_EXCHANGE, RELEASE_NAMES, load

HEAD = """\
version: 1
name: demo
release: v1.2.0
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
"""
THREE = """\
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
  - {id: 8888, cluster: shop}
"""
MESH = HEAD + "topology: mesh\n" + THREE
STAR = HEAD + "topology: star\nexchanges:\n  - {name: hub, cluster: bank}\n" + THREE
TWO_DMZ = """\
parties:
  - {id: 9999, cluster: bank, dmz: {address: 10.0.0.1}}
  - {id: 10000, cluster: shop, dmz: {address: 10.0.0.2}}
"""


def errors(text: str) -> list[Diagnostic]:
    """The errors found in a federation."""
    return [diagnostic for diagnostic in check(text.encode()).diagnostics if diagnostic.is_error]


def told(text: str) -> list[tuple[str, str]]:
    """Code and message of every error."""
    return [(diagnostic.fault.code, diagnostic.message) for diagnostic in errors(text)]


def party(settings: str, text: str = MESH) -> str:
    """A federation whose first party has further settings."""
    return text.replace("{id: 9999, cluster: bank", f"{{id: 9999, cluster: bank, {settings}", 1)


@pytest.mark.parametrize(
    "text",
    [
        MESH,
        STAR,
        MESH.replace("v1.2.0", "v1.3.0"),
        MESH.replace("v1.2.0", "1.3.0"),
        MESH + "defaults: {registry: harbor.example.com/fate, imageTag: mine, nfs: {server: 10.0.0.9, path: /d}}\n",
        MESH
        + "defaults: {components: {egg: {nodeSelectors: [{disk: a}, {disk: b}]}, mysql: {nodeSelector: {disk: a}}}}\n",
        party("name: other, namespace: other, nfs: {server: nfs.lan, path: /d}, ports: {proxy: 30500}"),
        HEAD + "topology: mesh\n" + TWO_DMZ,
        HEAD + "topology:\n  - links: [[9999, 10000], [10000, 8888], [8888, 9999]]\n" + THREE,
    ],
)
def test_what_kube_cfg_can_say_is_planned(text: str) -> None:
    """Both topologies, images, placement, NFS, names and ports."""
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (party("release: v1.3.0-a").replace("v1.2.0", "v1.3.0"), "FED610", "one kube.cfg deploys all or none"),
        (MESH.replace("v1.2.0", "v1.3.0-b").replace("8888, cluster: shop", "8888, cluster: shop, release: v1.3.0"),
         "FED610", "party 8888 runs v1.3.0"),
        (party("registry: harbor.example.com/fate"), "FED611", "differ in registry"),
        (party("imageTag: mine"), "FED611", "differ in imageTag"),
        (party("components: {mysql: {nodeSelector: {disk: a}}}"), "FED611", "differ in the nodes of mysql"),
        (party("components: {egg: {replicas: 2}}"), "FED611", "differ in the nodes of egg"),
        (HEAD + "topology:\n  - mesh: [9999, 10000]\n  - mesh: [10000, 8888]\n" + THREE,
         "FED612", "one mesh or one star"),
        (HEAD + "topology:\n  - links: [[9999, 10000], [10000, 8888]]\n" + THREE, "FED612", "one mesh or one star"),
        (MESH + "never:\n  - [9999, 8888]\n", "FED612", "lets parties 9999 and 8888 talk"),
        (MESH + "routes:\n  - {from: 9999, to: 8888, address: 10.8.0.2}\n", "FED612", "the same address of party 8888"),
        (STAR.replace("topology: star", "topology:\n  - star: [9999, 10000]\n  - mesh: [10000, 8888]"),
         "FED612", "beside an exchange"),
        (STAR.replace("topology: star", "topology:\n  - star: {hub: [9999, 10000], two: [8888]}").replace(
            "cluster: bank}\nparties", "cluster: bank}\n  - {name: two, cluster: shop}\nparties"),
         "FED612", "room for one exchange"),
        (MESH + "defaults: {components: {mysql: {nodeSelector: {a: x, b: y}}}}\n", "FED613", "here are 2"),
        (MESH + "defaults: {components: {mysql: {nodeSelector: {}}}}\n", "FED613", "here are 0"),
        (MESH + "defaults: {components: {egg: {nodeSelectors: [{disk: a}, {size: b}]}}}\n", "FED613", "label, disk"),
        (MESH + 'defaults: {components: {mysql: {nodeSelector: {disk: "true"}}}}\n', "FED613", "without quotes"),
        (MESH + 'defaults: {components: {mysql: {nodeSelector: {disk: "12"}}}}\n', "FED613", "without quotes"),
        (MESH + 'defaults: {components: {mysql: {nodeSelector: {disk: "a b"}}}}\n', "FED613", "no value of"),
        (MESH + 'defaults: {components: {mysql: {nodeSelector: {disk: "$(id)"}}}}\n', "FED613", "no value of"),
        (MESH + 'defaults: {components: {mysql: {nodeSelector: {"a b": x}}}}\n', "FED613", "no label"),
        (MESH.replace("192.168.9.1", '"2001:db8::1"'), "FED614", "2001:db8::1"),
        (HEAD + "topology: mesh\n" + TWO_DMZ.replace("10.0.0.1", '"2001:db8::1"'), "FED614", "2001:db8::1"),
        (party("dmz: {address: 10.0.0.1}"), "FED615", "all have or none"),
        (HEAD + "topology: star\nexchanges:\n  - {name: hub, cluster: bank}\n" + TWO_DMZ, "FED615", "no exchange hub"),
        (HEAD + "topology: mesh\n" + TWO_DMZ.replace("10.0.0.2", "10.0.0.1"), "FED307", "10.0.0.1:9370"),
        (HEAD + "topology: mesh\n" + TWO_DMZ + "  - {id: 8888, cluster: shop, dmz: {address: 10.0.0.3}}\n",
         "FED615", "must talk with 2 others"),
        (party("exposure: ClusterIP").replace("cluster: shop", "cluster: bank"), "FED616", "has a NodePort"),
        (HEAD + "topology:\n  - mesh: [9999, 10000]\n" + THREE, "FED612", "party 8888 is in no mesh"),
        (party("fateflow: NodePort"), "FED616", "FATE-Flow"),
        (party("target: helm"), "FED616", "whatever the target"),
        (party("overrides: {proxy: {type: NodePort}}"), "FED616", "no cluster.yaml"),
        (party("modules: [proxy, egg, federation, metaService, mysql, redis, roll, python]"),
         "FED616", "leave one out"),
        (party("modules: [proxy]"), "FED405", "the list lacks"),
        (party("target: kubernetes"), "FED602", "planned for v1.11.2 and v2.0.0"),
        (party("persistence: true"), "FED616", "NFS only"),
        (STAR.replace("{name: hub, cluster: bank}", "{name: hub, cluster: bank, id: 1}"), "FED616", "the id 0"),
        (party("exposure: {type: LoadBalancer, address: 10.0.0.9}"), "FED604", "v1.2.0 has no setting for"),
        (party("tls: true"), "FED604", "v1.2.0 has no setting for"),
        (party("pullPolicy: Always"), "FED604", "v1.2.0 has no setting for"),
        (party("imagePullSecrets: [mine]"), "FED604", "v1.2.0 has no setting for"),
        (party("components: {python: {resources: {requests: {cpu: 1}}}}"), "FED604", "v1.2.0 has no setting for"),
        (party("ingress: {domain: bank.example.com}"), "FED604", "v1.2.0 has no setting for"),
        (party('credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}'), "FED604", "v1.2.0 has no setting for"),
        (party('mysql: {host: db, database: d, user: u, password: "env:P"}'), "FED604", "v1.2.0 has no setting for"),
        (STAR.replace("{name: hub, cluster: bank}",
                      "{name: hub, cluster: bank, components: {proxy: {nodeSelector: {a: b}}}}"),
         "FED604", "v1.2.0 has no setting for"),
    ],
)  # fmt: skip
def test_what_it_cannot_say_is_a_finding(text: str, code: str, message: str) -> None:
    """One mistake is one finding, of the code that it belongs to."""
    found = told(text)
    assert [code] == [each for each, _ in found], found
    assert message in found[0][1]


@pytest.mark.parametrize("words", ["nfs: {server: 10.0.0.9, path: /d}", "dmz: {address: 10.0.0.1}"])
def test_words_of_the_script_are_refused_elsewhere(words: str) -> None:
    """A chart of KubeFATE has no NFS share and no proxy in a DMZ; the hint names the releases that have."""
    text = party(words).replace("v1.2.0", "v1.11.2")
    found = [diagnostic for diagnostic in errors(text) if diagnostic.fault.code == "FED604"]
    assert len(found) == 1
    assert "v1.2.0 to v1.3.0" in found[0].hint


def test_inherited_mistakes_are_told_once() -> None:
    """A selector under defaults is one mistake however many parties inherit it."""
    text = MESH + "defaults: {persistence: true, components: {roll: {nodeSelector: {a: x, b: y}}}}\n"
    assert sorted(code for code, _ in told(text)) == ["FED613", "FED616"]


@pytest.mark.slow
def test_large_federations_are_checked_in_no_time() -> None:
    """No check walks over pairs: 3,000 parties, and as many in a DMZ, each with one finding at most."""
    rows = "".join(f"  - {{id: {n}, cluster: bank, dmz: {{address: h{n}.lan}}}}\n" for n in range(1, 3001))
    found = told(HEAD + "topology: mesh\nparties:\n" + rows)
    assert [code for code, _ in found] == ["FED615"]


def test_only_the_first_two_releases_are_scripted() -> None:
    """And their exchange has less to say than their parties."""
    releases = [release for release in map(load, RELEASE_NAMES) if release is not None]
    assert [release.name for release in releases if release.is_scripted] == ["v1.2.0", "v1.3.0"]
    assert expresses(releases[0], FATE, "proxy.nodeSelector")
    assert expresses(releases[0], FATE_EXCHANGE, "registry")
    assert not expresses(releases[0], FATE_EXCHANGE, "proxy.nodeSelector")
    assert not expresses(releases[0], FATE, "proxy.resources")
