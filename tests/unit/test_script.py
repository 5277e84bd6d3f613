"""The 1.2 generation: what is written for create-helm-deploy.sh reads back as planned, and the runbook is whole."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess

import pytest

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.model import party_key
from planner.pipeline import check
from planner.plan import Plan
from renderers import script
from renderers.bash import Settings, parse
from renderers.kubecfg import ScriptReading, read, read_commands
from renderers.script import ENV_FILE, KUBE_CFG_FILE, RUNBOOK_FILE

MESH = """\
version: 1
name: first-steps
release: v1.2.0
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1, context: "arn:aws:eks:eu:1/bank"}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop, name: second, namespace: second-space}
  - {id: 8888, cluster: shop}
"""
STAR = """\
version: 1
name: first-steps
release: v1.3.0
topology: star
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: hub, address: 192.168.1.1}
exchanges:
  - {name: hub, cluster: hub}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: bank}
  - {id: 8888, cluster: bank}
"""
DMZ = """\
version: 1
name: first-steps
release: v1.2.0
topology:
  - links: [[9999, 10000], [7777, 8888]]
clusters:
  - {name: bank, address: 192.168.9.1}
parties:
  - {id: 7777, cluster: bank, dmz: {address: 192.168.13.7}}
  - {id: 9999, cluster: bank, dmz: {address: 192.168.13.9}}
  - {id: 10000, cluster: bank, dmz: {address: 192.168.13.10}}
  - {id: 8888, cluster: bank, dmz: {address: 192.168.13.8}}
"""


@functools.cache
def planned(text: str) -> Plan:
    """The plan of a federation without errors."""
    checked = check(text.encode())
    assert checked.plan is not None, checked.diagnostics
    return checked.plan


def read_back(text: str) -> ScriptReading:
    """What the script makes of the files that are written for a federation."""
    files = script.render(planned(text))
    reading = read(files[KUBE_CFG_FILE], read_commands(files[RUNBOOK_FILE]))
    assert isinstance(reading, ScriptReading), reading
    return reading


def settings(text: str, file: str) -> Settings:
    """A rendered Bash file as data."""
    found = parse(script.render(planned(text))[file])
    assert isinstance(found, Settings), found
    return found


@pytest.mark.parametrize("text", [MESH, STAR])
def test_route_tables_and_ports_read_back_as_planned(text: str) -> None:
    """Every proxy has the planned routes, and the NodePort at which the others dial it."""
    plan, reading = planned(text), read_back(text)
    for site in plan.sites:
        made = reading.exchange if site.site.kind == "exchange" else reading.parties[site.id]
        assert made is not None
        assert made.table == plan.table(site, Channel.ROLLSITE)
        assert made.node_port == site.ports["proxy"]
    assert len(reading.parties) + (reading.exchange is not None) == len(plan.sites)
    assert reading.remarks == ()


def test_proxies_in_a_dmz_reach_their_one_peer() -> None:
    """A default route to the peer's host is all they have, and no pod of the cluster is dialled."""
    reading = read_back(DMZ)
    assert {party: site.table.default for party, site in reading.parties.items()} == {
        7777: (Endpoint("192.168.13.8", 9370),),
        8888: (Endpoint("192.168.13.7", 9370),),
        9999: (Endpoint("192.168.13.10", 9370),),
        10000: (Endpoint("192.168.13.9", 9370),),
    }
    assert {site.node_port for site in reading.parties.values()} == {None}
    assert reading.parties[9999].dmz == "192.168.13.9"
    assert reading.remarks == ()


def test_a_party_alone_in_a_dmz_sends_nothing_onward() -> None:
    """KubeFATE's text on it has one party, whose proxy is told its own address, and which tests itself."""
    rows = [line for line in DMZ.splitlines() if "id:" not in line or "id: 9999" in line]
    alone = "\n".join(rows).replace("\n  - links: [[9999, 10000], [7777, 8888]]", " mesh") + "\n"
    (party,) = script.script_of(planned(alone)).parties
    assert (party.onward, party.toy) == ("192.168.13.9", "python run_toy_example.py 9999 9999 1")
    assert read_back(alone).parties[9999].table == RouteTable(9999, {})


def test_a_removed_route_is_noticed() -> None:
    """The proof reads what is written, not what was meant."""
    text = script.render(planned(MESH))[KUBE_CFG_FILE].replace("192.168.10.1:", "192.168.10.2:")
    reading = read(text)
    assert isinstance(reading, ScriptReading)
    plan = planned(MESH)
    assert reading.parties[9999].table != plan.table(plan.by_key[party_key(9999)], Channel.ROLLSITE)


def test_eggs_and_node_labels() -> None:
    """One egg for each item; `replicas` repeats one; nothing given leaves the list empty."""
    listed = MESH + "defaults:\n  components:\n    egg: {nodeSelectors: [{disk: a}, {disk: b}]}\n"
    repeated = MESH + "defaults:\n  components:\n    egg: {nodeSelector: {disk: a}, replicas: 3}\n"
    anywhere = MESH + "defaults:\n  components:\n    egg: {replicas: 2}\n    roll: {nodeSelector: {disk: c}}\n"
    assert (read_back(listed).node_label, read_back(listed).eggs) == ("disk", ("a", "b"))
    assert read_back(repeated).eggs == ("a", "a", "a")
    assert read_back(anywhere).eggs == ("", "")
    assert read_back(anywhere).selectors["roll"] == "c"
    assert (read_back(MESH).node_label, read_back(MESH).eggs) == ("fedai.org", ("",))


def test_images_come_from_the_registry_that_is_given() -> None:
    """RegistryURI, the older name for it, and a tag of one's own; every image is copied under its new name."""
    text = MESH + "defaults: {registry: harbor.example.com/fate, imageTag: 1.2.0-mine}\n"
    env = settings(text, ENV_FILE)
    assert {name: env.text(name) for name in env.by_name} == {
        "PREFIX": "federatedai",
        "RegistryURI": "harbor.example.com/fate",
        "THIRDPARTYPREFIX": "harbor.example.com/fate",
        "TAG": "1.2.0-mine",
    }
    copied = dict(script.images(script.script_of(planned(text))))
    assert copied["federatedai/egg:1.2.0-mine"] == "harbor.example.com/fate/egg:1.2.0-mine"
    assert copied["mysql:8"] == "harbor.example.com/fate/mysql:8"
    assert {name: settings(MESH, ENV_FILE).text(name) for name in ("RegistryURI", "TAG")} == {
        "RegistryURI": "",
        "TAG": "1.2.0-release",
    }
    assert "THIRDPARTYPREFIX" not in settings(MESH, ENV_FILE).by_name


def test_helm_installs_every_chart_under_its_name() -> None:
    """Release name, namespace, context and NFS share of each site, read from the runbook's commands."""
    text = MESH.replace("namespace: second-space}", "namespace: second-space, nfs: {server: nfs.lan, path: /d}}")
    installs = read_commands(script.render(planned(text))[RUNBOOK_FILE]).installs
    assert {(i.folder, i.name, i.namespace, i.context) for i in installs.values()} == {
        ("fate-9999", "fate-9999", "fate-9999", "arn:aws:eks:eu:1/bank"),
        ("fate-10000", "second", "second-space", None),
        ("fate-8888", "fate-8888", "fate-8888", None),
    }
    assert installs["fate-10000"].values == {"nfspath": "/d", "nfsserver": "nfs.lan"}
    assert installs["fate-9999"].values == {}


@pytest.mark.parametrize("text", [MESH, STAR, DMZ])
def test_the_runbook_is_whole(text: str) -> None:
    """Every step, numbered without a gap, with a command for each site where it takes one."""
    plan = planned(text)
    runbook = script.render(plan)[RUNBOOK_FILE]
    headings = re.findall(r"^## (\d+)\. (.*)$", runbook, re.MULTILINE)
    assert [int(number) for number, _ in headings] == list(range(1, len(headings) + 1))
    for site in plan.sites:
        for command in ("create namespace", "get pods -n", "delete namespace"):
            assert re.search(rf"^kubectl.* {command} {site.site.namespace}\b", runbook, re.MULTILINE), command
        assert re.search(rf"^helm.* delete --purge {site.site.name}\b", runbook, re.MULTILINE)
        assert re.search(rf"^helm.* upgrade .*{site.site.name} ", runbook, re.MULTILINE)
    assert "serviceaccount tiller" in runbook
    assert "create-helm-deploy.sh" in runbook
    assert not re.search(r"\{\{(?!\(index)|\{%|[ \t]$|\n\n\n", runbook, re.MULTILINE)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs Bash")
@pytest.mark.parametrize("text", [MESH, STAR, DMZ])
def test_bash_understands_the_commands(text: str) -> None:
    """Every block of commands is valid for Bash; it is only parsed, never run."""
    for commands in re.findall(r"```bash\n(.*?)```", script.render(planned(text))[RUNBOOK_FILE], re.DOTALL):
        subprocess.run(["bash", "-n"], input=commands.encode(), check=True, capture_output=True)


def test_every_party_starts_a_toy_example_with_a_peer() -> None:
    """Each is guest once and host once, and none is asked of a party it must not talk with."""
    toys = [chart.toy.split() for chart in script.script_of(planned(MESH)).parties]
    assert [(toy[2], toy[3]) for toy in toys] == [("9999", "10000"), ("10000", "8888"), ("8888", "9999")]
    pairs = [tuple(chart.toy.split()[2:4]) for chart in script.script_of(planned(DMZ)).parties]
    assert pairs == [("7777", "8888"), ("9999", "10000"), ("10000", "9999"), ("8888", "7777")]


def test_long_lists_have_a_line_for_each_item() -> None:
    """A party more is a line more in the diff."""
    more = "".join(f"  - {{id: {party}, cluster: shop}}\n" for party in range(1, 4))
    kube_cfg = script.render(planned(MESH + more))[KUBE_CFG_FILE]
    assert "\npartylist=(\n  9999\n  10000\n  8888\n  1\n  2\n  3\n)\n" in kube_cfg


def test_the_short_form_says_where_the_whole_one_is() -> None:
    """The end of a plan has the first command of each kind."""
    lines = script.steps(script.script_of(planned(DMZ)), "out")
    assert lines[-1].startswith("out/RUNBOOK.md has every command")
    assert any("create-helm-deploy.sh" in line for line in lines)
    assert any("(and 3 more)" in line for line in lines)
    assert any("DMZ" in line for line in lines)


def test_apply_has_nothing_to_do() -> None:
    """The clause and the hint that `apply` gives."""
    assert planned(MESH).is_scripted
    message, hint = script.nothing_to_apply("v1.2.0", "out")
    assert "nothing to apply" in message
    assert "out/RUNBOOK.md" in hint
