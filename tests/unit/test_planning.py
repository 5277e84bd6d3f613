"""`invoke plan` from end to end on real files: what it writes, what it refuses, what it says changes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from renderers.commands import run_plan, run_verify
from renderers.report import json_report
from tests.quick_yaml import loaded

FEDERATION = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
  - {name: lab, address: 192.168.11.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
  - {id: 10001, cluster: lab}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""


class Folder:
    """A folder with a federation.yaml, in which commands run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "federation.yaml"
        self.file.write_text(FEDERATION)

    def plan(self, **options: Any) -> tuple[str, int]:
        wanted = {"check_only": False, "with_diff": False, "against": None, "forget": ()} | options
        return run_plan(str(self.file), None, wanted.pop("format_name", "text"), **wanted)

    def json(self, **options: Any) -> Any:
        text, _ = self.plan(format_name="json", **options)
        return json.loads(text)

    def changes(self, **options: Any) -> Mapping[str, Any]:
        return {change["site"]: change for change in self.json(**options)["plan"]["changes"]}

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def spec(self, site: str) -> Any:
        return loaded((self.path / "out" / site / "cluster.yaml").read_text())

    def snapshot(self) -> Mapping[str, bytes]:
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and ".git" not in path.parts
        }

    def commit(self) -> None:
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(self.path)]
        subprocess.run(["git", "init", "-q", str(self.path)], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "state"], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a three-party mesh."""
    return Folder(tmp_path)


def test_a_plan_writes_a_folder_per_site(folder: Folder) -> None:
    """Every site has its files, the lock and plan.json hold, and nothing else is touched."""
    text, code = folder.plan()
    assert code == 0, text
    assert sorted(folder.snapshot()) == [
        "federation.lock",
        "federation.yaml",
        "out/party-10000/cluster.yaml",
        "out/party-10000/site.json",
        "out/party-10001/cluster.yaml",
        "out/party-10001/site.json",
        "out/party-9999/cluster.yaml",
        "out/party-9999/site.json",
        "out/plan.json",
    ]
    assert "6 of 6 routes proved" in text


def test_plan_json_is_what_its_schema_says(folder: Folder) -> None:
    """The written plan.json validates against planner/plan.schema.json."""
    folder.plan()
    schema = json.loads((Path(__file__).parents[2] / "planner" / "plan.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads((folder.path / "out" / "plan.json").read_text()))


def test_json_reports_are_what_their_schema_says(folder: Folder) -> None:
    """A plan, a plan with changes and a diff, a refusal and a verification all validate."""
    schema = json_report.schema()
    jsonschema.validate(folder.json(), schema)
    jsonschema.validate(json.loads(run_verify(str(folder.file), None, "json", path="9999:10000")[0]), schema)
    folder.commit()
    folder.edit("192.168.9.1", "192.168.9.2")
    report = folder.json(with_diff=True)
    jsonschema.validate(report, schema)
    assert "+      partyIp: 192.168.9.2" in report["plan"]["diff"]
    folder.edit("id: 10001", "id: 9999")
    broken = folder.json()
    jsonschema.validate(broken, schema)
    assert broken["plan"] is None


def test_the_same_file_gives_the_same_bytes(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two plans of one file, in two places, are the same to the last byte."""
    folder.plan()
    other = Folder(tmp_path_factory.mktemp("other"))
    other.plan()
    assert folder.snapshot() == other.snapshot()


def test_planning_twice_touches_nothing(folder: Folder) -> None:
    """A plan that changes nothing writes nothing."""
    folder.plan()
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*") if path.is_file()}
    text, code = folder.plan()
    assert code == 0
    assert "up to date already" in text
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*") if path.is_file()} == before


def test_a_mistake_writes_nothing(folder: Folder) -> None:
    """With an error, out/ and the lock stay as they were."""
    folder.plan()
    folder.edit("id: 10001", "id: 9999")
    before = folder.snapshot()
    text, code = folder.plan()
    assert code == 1
    assert "FED120" in text
    assert "nothing was written" in text
    assert folder.snapshot() == before


def test_check_writes_nothing_and_tells(folder: Folder) -> None:
    """--check exits 2 before the first plan and after a change, 0 in between."""
    assert folder.plan(check_only=True)[1] == 2
    assert not (folder.path / "out").exists()
    folder.plan()
    assert folder.plan(check_only=True)[1] == 0
    folder.edit("192.168.11.1", "192.168.11.2")
    before = folder.snapshot()
    text, code = folder.plan(check_only=True)
    assert code == 2, text
    assert "FED703" in text
    assert folder.snapshot() == before


def test_adding_and_removing_parties_moves_nobody(folder: Folder) -> None:
    """Ports stay where they are when a party comes or goes; a removed one keeps its ports until it is forgotten."""
    folder.edit("cluster: shop}", "cluster: bank}")
    folder.plan()
    assert folder.spec("party-10000")["rollsite"]["nodePort"] == 30101
    folder.edit("  - {id: 9999, cluster: bank}\n", "")
    folder.edit("  - {id: 10001, cluster: lab}\n", "  - {id: 10001, cluster: lab}\n  - {id: 10002, cluster: bank}\n")
    folder.plan()
    assert folder.spec("party-10000")["rollsite"]["nodePort"] == 30101
    assert folder.spec("party-10002")["rollsite"]["nodePort"] == 30111
    assert not (folder.path / "out" / "party-9999").exists()
    lock = json.loads((folder.path / "federation.lock").read_text())
    assert lock["sites"]["party-9999"]["removed"] is True
    text, code = folder.plan(forget=("party-9999",))
    assert code == 0, text
    assert "party-9999" not in json.loads((folder.path / "federation.lock").read_text())["sites"]
    folder.edit("  - {id: 10002, cluster: bank}\n", "  - {id: 10002, cluster: bank}\n  - {id: 10003, cluster: bank}\n")
    folder.plan()
    assert folder.spec("party-10003")["rollsite"]["nodePort"] == 30091


def test_only_a_tombstone_can_be_forgotten(folder: Folder) -> None:
    """--forget of a site that is still there, or never was, is a finding."""
    folder.plan()
    for name in ("party-9999", "party-1"):
        text, code = folder.plan(forget=(name,))
        assert code == 1
        assert "FED317" in text


def test_a_lost_lock_is_rebuilt_from_out(folder: Folder) -> None:
    """Without federation.lock the ports of out/ are kept."""
    folder.edit("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, ports: {rollsite: 31000}}")
    folder.plan()
    lock = (folder.path / "federation.lock").read_bytes()
    (folder.path / "federation.lock").unlink()
    text, code = folder.plan()
    assert code == 0
    assert "warning[FED318]" in text
    assert (folder.path / "federation.lock").read_bytes() == lock


def test_a_lost_lock_is_rebuilt_from_what_was_committed(folder: Folder) -> None:
    """With plan.json damaged as well, the committed plan keeps everybody's ports where they are."""
    folder.edit("{id: 10000, cluster: shop}", "{id: 10000, cluster: bank}")
    folder.plan()
    folder.edit("{id: 9999, cluster: bank}", "{id: 9998, cluster: bank}\n  - {id: 9999, cluster: bank}")
    folder.plan()
    folder.commit()
    before = folder.snapshot()
    (folder.path / "federation.lock").unlink()
    (folder.path / "out" / "plan.json").write_text("<<<<<<< HEAD\n")
    text, code = folder.plan()
    assert code == 0
    assert "committed last" in text
    assert folder.snapshot() == before


def test_a_merged_lock_needs_no_commas(folder: Folder) -> None:
    """Keeping the lines of both sides of a conflict is enough: a comma may be missing between them."""
    folder.plan()
    lock = folder.path / "federation.lock"
    whole = lock.read_bytes()
    lock.write_text(lock.read_text().replace("},\n", "}\n"))
    assert folder.plan()[1] == 0
    assert lock.read_bytes() == whole


def test_a_moved_port_reaches_every_peer(folder: Folder) -> None:
    """When a party's port moves, every table that names it moves in the same plan, and the plan says so (INV-UPG-3)."""
    folder.plan()
    folder.commit()
    folder.edit("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, ports: {rollsite: 30191}}")
    changes = folder.changes()
    assert folder.spec("party-9999")["rollsite"]["nodePort"] == 30191
    for peer in ("party-10000", "party-10001"):
        rows = {row["partyId"]: row["partyPort"] for row in folder.spec(peer)["rollsite"]["partyList"]}
        assert rows[9999] == 30191
        assert changes[peer]["because"] == ["party-9999"]
        assert changes[peer]["effects"] == ["rollsite reads its routes again within 60 s, nothing restarts"]
        assert changes[peer]["wave"] > changes["party-9999"]["wave"]
    assert changes["party-9999"]["because"] == []


def test_a_change_that_peers_do_not_see_stays_at_home(folder: Folder) -> None:
    """Resources of one party are nobody else's business."""
    folder.plan()
    folder.commit()
    folder.edit(
        "{id: 9999, cluster: bank}",
        "{id: 9999, cluster: bank, components: {python: {resources: {limits: {memory: 8Gi}}}}}",
    )
    changes = folder.changes()
    assert changes["party-9999"]["change"] == "update"
    assert changes["party-9999"]["effects"] == ["python restarts"]
    assert {changes[site]["change"] for site in ("party-10000", "party-10001")} == {"keep"}


def test_planning_twice_still_shows_what_is_to_be_applied(folder: Folder) -> None:
    """The baseline is the committed tree, not the one that was just written."""
    folder.plan()
    folder.commit()
    folder.edit("192.168.9.1", "192.168.9.2")
    assert folder.changes() == folder.changes()
    assert folder.changes()["party-10000"]["change"] == "update"


def test_a_diff_shows_the_lines(folder: Folder) -> None:
    """--diff prints a unified diff against the baseline."""
    folder.plan()
    folder.commit()
    folder.edit("192.168.9.1", "192.168.9.2")
    text, _ = folder.plan(with_diff=True)
    assert "--- a/out/party-10000/cluster.yaml" in text
    assert "-      partyIp: 192.168.9.1" in text
    assert "+      partyIp: 192.168.9.2" in text


def test_a_diff_shows_no_secret_that_was_filled_in(folder: Folder) -> None:
    """An operator who puts a password into a file of out/ and commits it does not see it printed."""
    folder.plan()
    spec = folder.path / "out" / "party-9999" / "cluster.yaml"
    spec.write_text(spec.read_text().replace("${secret:env:FATE_MYSQL_PASSWORD}", "hunter2"))
    assert "hunter2" in spec.read_text()
    folder.commit()
    folder.edit("192.168.10.1", "192.168.10.2")
    for format_name in ("text", "json"):
        text, _ = folder.plan(with_diff=True, check_only=True, format_name=format_name)
        assert "hunter2" not in text
        assert "partyIp: 192.168.10.1" in text


def test_an_unknown_revision_is_the_users_mistake(folder: Folder) -> None:
    """--against of a revision that does not exist writes nothing and says so."""
    folder.plan()
    folder.commit()
    folder.edit("192.168.9.1", "192.168.9.2")
    before = folder.snapshot()
    text, code = folder.plan(against="no-such-branch")
    assert code == 64
    assert "no-such-branch" in text
    assert folder.snapshot() == before


def test_another_federation_is_not_overwritten(folder: Folder) -> None:
    """out/ that belongs to another federation is left alone."""
    folder.plan()
    folder.edit("name: demo", "name: pilot")
    before = folder.snapshot()
    text, code = folder.plan()
    assert code == 1
    assert "FED708" in text
    assert folder.snapshot() == before


def test_a_torn_tree_is_refused_by_verify_and_mended_by_plan(folder: Folder) -> None:
    """A file that was edited by hand is found by verify and set right, with a warning, by plan."""
    folder.plan()
    before = folder.snapshot()
    target = folder.path / "out" / "party-9999" / "cluster.yaml"
    target.write_text(target.read_text().replace("30091", "30092"))
    text, code = run_verify(str(folder.file), None, "text", path=None)
    assert code == 1
    assert "FED704" in text
    text, code = folder.plan()
    assert code == 0
    assert "warning[FED704]" in text
    assert folder.snapshot() == before


def test_verify_proves_what_is_written(folder: Folder) -> None:
    """Verify reads the written files, and shows the way of a message."""
    folder.plan()
    text, code = run_verify(str(folder.file), None, "text", path="9999:10001")
    assert code == 0, text
    assert "6 of 6 routes proved" in text
    assert "party 9999 -> party 10001 (192.168.11.1:30091)" in text


def test_verify_knows_another_federation_and_a_newer_file(folder: Folder) -> None:
    """What is written is proved against the file that it was planned from, or the difference is told."""
    folder.plan()
    folder.file.write_text(folder.file.read_text() + "# a remark\n")
    text, code = run_verify(str(folder.file), None, "text", path=None)
    assert code == 0
    assert "warning[FED703]" in text
    folder.edit("name: demo", "name: other")
    text, code = run_verify(str(folder.file), None, "text", path=None)
    assert code == 1
    assert "FED708" in text


def test_verify_takes_the_ports_that_were_written(folder: Folder) -> None:
    """A lock that was edited since is told as such, and not as a bug of ours."""
    folder.plan()
    lock = folder.path / "federation.lock"
    lock.write_text(lock.read_text().replace("30091", "30191", 1))
    text, code = run_verify(str(folder.file), None, "text", path=None)
    assert code == 0, text
    assert "warning[FED703]" in text


def test_a_path_needs_two_parties_of_the_federation(folder: Folder) -> None:
    """--path of an unknown party, or from a party to itself, is a usage error."""
    folder.plan()
    for path in ("9999:1", "9999:9999", "9999", "a:b"):
        assert run_verify(str(folder.file), None, "text", path=path)[1] == 64


def test_a_file_in_a_folder_above_is_pointed_at(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in a subfolder is told where the federation is, not to write another one."""
    (folder.path / "docs").mkdir()
    monkeypatch.chdir(folder.path / "docs")
    options: Any = {"check_only": False, "with_diff": False, "against": None, "forget": ()}
    text, code = run_plan("federation.yaml", None, "text", **options)
    assert code == 1
    assert "there is one in ..: run this there" in text


def test_out_and_lock_cannot_be_the_federation_itself(folder: Folder) -> None:
    """Names that would make plan write over its own input are usage errors, and nothing is touched."""
    options: Any = {"check_only": False, "with_diff": False, "against": None, "forget": ()}
    before = folder.snapshot()
    for out in (folder.file, folder.path, folder.path.parent):
        assert run_plan(str(folder.file), str(out), "text", **options)[1] == 64
    other = folder.path / "other.lock"
    other.write_text(FEDERATION)
    assert run_plan(str(other), None, "text", **options)[1] == 64
    for name in ("", ".", "/"):
        assert run_plan(name, None, "text", **options)[1] == 64
    other.unlink()
    assert folder.snapshot() == before


def test_a_plan_that_only_changes_its_index_says_so(folder: Folder) -> None:
    """A remark in federation.yaml changes plan.json, which has to be committed."""
    folder.plan()
    folder.file.write_text(folder.file.read_text() + "# a remark\n")
    assert folder.plan(check_only=True)[1] == 2
    text, _ = folder.plan()
    assert "plan.json" in text.splitlines()[-1]
    assert folder.plan(check_only=True)[1] == 0


def test_a_stale_tree_fails_in_junit(folder: Folder) -> None:
    """A CI that reads only JUnit sees that out/ has to be written."""
    text, code = folder.plan(check_only=True, format_name="junit")
    assert code == 2
    assert "<failure" in text


def test_junit_says_what_was_proved(folder: Folder) -> None:
    """Serving is a case of its own, and of files that somebody changed nothing is proved."""
    folder.edit("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, serving: {}}")
    folder.edit("{id: 10000, cluster: shop}", "{id: 10000, cluster: shop, serving: {}}")
    folder.plan()
    text, _ = run_verify(str(folder.file), None, "junit", path=None)
    assert 'name="6 ordered pairs talk"' in text
    assert 'name="2 ordered pairs serve together"' in text
    spec = folder.path / "out" / "party-9999" / "cluster.yaml"
    spec.write_text(spec.read_text().replace("192.168.10.1", "192.168.10.2"))
    text, code = run_verify(str(folder.file), None, "junit", path=None)
    assert code == 1
    assert '<skipped message="the findings say why"' in text
    assert 'message=""' not in text


STAR = FEDERATION.replace("topology: mesh", "topology: star").replace(
    "parties:", "exchanges:\n  - {name: hub, cluster: bank}\nparties:"
)


def moved(old: str, new: str) -> str:
    """What is said of a site that is installed elsewhere."""
    return f"it moves from {old} to {new}: remove it there, install it here"


def on(engine: str, start: str = FEDERATION) -> str:
    """The same federation on another engine."""
    return start + f"  engine: {engine}\n"


PARTIES = ("party-10000", "party-10001", "party-9999")
FORGETS = "nginx reads its routes again within 5 s, but nginx must be restarted by hand to forget what is gone"
NGINX_READS = "nginx reads its routes again within 5 s, nothing restarts"
PULSAR_READS = "the next tasks read the routes of pulsar, nothing restarts"
NOTHING_RESTARTS = "rollsite reads its routes again within 60 s, nothing restarts"


@pytest.mark.parametrize(
    ("start", "old", "new", "expected"),
    [
        pytest.param(
            FEDERATION,
            "  - {id: 10001, cluster: lab}\n",
            "  - {id: 10002, cluster: lab}\n",
            {
                "party-9999": ("update", ["party-10001", "party-10002"], [NOTHING_RESTARTS], 2),
                "party-10000": ("update", ["party-10001", "party-10002"], [NOTHING_RESTARTS], 2),
                "party-10002": ("create", [], [], 1),
                "party-10001": ("delete", [], [], 3),
            },
            id="one party replaces another",
        ),
        pytest.param(
            STAR,
            "  - {id: 10001, cluster: lab}\n",
            "",
            {
                "exchange-hub": ("update", ["party-10001"], [NOTHING_RESTARTS], 1),
                "party-9999": ("keep", None, None, None),
                "party-10000": ("keep", None, None, None),
                "party-10001": ("delete", [], [], 2),
            },
            id="a party leaves a star",
        ),
        pytest.param(
            STAR,
            "192.168.9.1",
            "192.168.9.7",
            {
                "exchange-hub": ("update", ["party-9999"], [NOTHING_RESTARTS], 1),
                "party-9999": ("update", ["exchange-hub"], [NOTHING_RESTARTS], 1),
                "party-10000": ("update", ["exchange-hub"], [NOTHING_RESTARTS], 2),
                "party-10001": ("update", ["exchange-hub"], [NOTHING_RESTARTS], 2),
            },
            id="the address of an exchange and of a party beside it moves",
        ),
        pytest.param(
            FEDERATION,
            "{id: 10001, cluster: lab}",
            "{id: 10001, cluster: lab, namespace: elsewhere}",
            {
                "party-9999": ("keep", None, None, None),
                "party-10000": ("keep", None, None, None),
                "party-10001": (
                    "update",
                    [],
                    [moved("fate-10001 on lab (kubefate)", "elsewhere on lab (kubefate)")],
                    1,
                ),
            },
            id="a namespace changes",
        ),
        pytest.param(
            FEDERATION,
            "  - {name: lab, address: 192.168.11.1}\nparties:\n  - {id: 9999, cluster: bank}",
            "  - {name: lab, address: 192.168.11.1}\nparties:\n  - {id: 9999, cluster: bank, target: helm}",
            {
                "party-9999": (
                    "update",
                    [],
                    [moved("fate-9999 on bank (kubefate)", "fate-9999 on bank (helm)")],
                    1,
                ),
                "party-10000": ("keep", None, None, None),
                "party-10001": ("keep", None, None, None),
            },
            id="a target changes",
        ),
        pytest.param(
            FEDERATION,
            "release: v1.11.2",
            "release: v1.11.1",
            {
                site: ("update", [], ["chartVersion changes: all pods restart"], 1)
                for site in ("party-9999", "party-10000", "party-10001")
            },
            id="another release",
        ),
        pytest.param(
            FEDERATION,
            "{id: 9999, cluster: bank}",
            "{id: 9999, cluster: bank, fateflow: ClusterIP}",
            {
                "party-9999": ("update", [], ["the Service of python changes, nothing restarts"], 1),
                "party-10000": ("keep", None, None, None),
                "party-10001": ("keep", None, None, None),
            },
            id="FATE-Flow is no longer exposed",
        ),
        pytest.param(
            on("spark_rabbitmq"),
            "  - {id: 10001, cluster: lab}\n",
            "",
            {
                **{
                    site: (
                        "update",
                        ["party-10001"],
                        [FORGETS, "the next tasks read the routes of rabbitmq, nothing restarts"],
                        1,
                    )
                    for site in ("party-9999", "party-10000")
                },
                "party-10001": ("delete", [], [], 2),
            },
            id="nginx keeps the routes of a party that left",
        ),
        pytest.param(
            on("spark_pulsar"),
            "address: 192.168.11.1",
            "address: 192.168.11.7",
            {
                **{
                    site: (
                        "update",
                        ["party-10001"],
                        [NGINX_READS, f"{PULSAR_READS}; run `pulsar-admin clusters delete 10001`"],
                        2,
                    )
                    for site in ("party-9999", "party-10000")
                },
                "party-10001": ("update", [], ["nothing in its cluster changes"], 1),
            },
            id="Pulsar keeps the address of a party that moved",
        ),
        pytest.param(
            on("spark_pulsar").replace("  - {id: 10001, cluster: lab}\n", ""),
            "  - {id: 10000, cluster: shop}\n",
            "  - {id: 10000, cluster: shop}\n  - {id: 10001, cluster: lab}\n",
            {
                **{
                    site: ("update", ["party-10001"], [NGINX_READS, PULSAR_READS], 2)
                    for site in ("party-9999", "party-10000")
                },
                "party-10001": ("create", [], [], 1),
            },
            id="Pulsar takes a new party as it comes",
        ),
        pytest.param(
            on("spark_pulsar", STAR.replace("cluster: bank}\nparties", "cluster: lab}\nparties")),
            "{name: hub, cluster: lab}",
            "{name: hub, cluster: lab, ports: {trafficServer: 30020}}",
            {
                "exchange-hub": ("update", [], ["the Service of trafficServer changes, nothing restarts"], 1),
                **{
                    site: (
                        "update",
                        ["exchange-hub"],
                        [f"{PULSAR_READS}; run `pulsar-admin clusters delete <party>` for each other party"],
                        2,
                    )
                    for site in ("party-9999", "party-10000", "party-10001")
                },
            },
            id="Pulsar keeps an exchange that moved",
        ),
        pytest.param(
            on("spark_rabbitmq") + "  nginx: relay\n",
            "nginx: relay",
            "nginx: direct",
            {
                site: ("update", [other for other in PARTIES if other != site], [NGINX_READS], 1)
                for site in ("party-9999", "party-10000", "party-10001")
            },
            id="FATE-Flow is dialled directly",
        ),
        pytest.param(
            on("eggroll"),
            "engine: eggroll",
            "engine: spark_rabbitmq",
            {
                site: (
                    "update",
                    [other for other in PARTIES if other != site],
                    [
                        *(f"{key} changes: all pods restart" for key in ("modules", "computing", "federation")),
                        "storage changes: all pods restart",
                        "the Ingress changes, nothing restarts",
                    ],
                    1,
                )
                for site in PARTIES
            },
            id="another engine",
        ),
        pytest.param(
            FEDERATION.replace("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, serving: {}}"),
            ", serving: {}",
            "",
            {
                "party-9999": (
                    "update",
                    [],
                    [
                        "FATE-Serving must be removed: planned no more, it would run on",
                        "python must be restarted by hand",
                    ],
                    1,
                ),
                "party-10000": ("keep", None, None, None),
                "party-10001": ("keep", None, None, None),
            },
            id="a party gives up FATE-Serving",
        ),
        pytest.param(
            FEDERATION,
            "{id: 9999, cluster: bank}",
            "{id: 9999, cluster: bank, serving: {}}",
            {
                "party-9999": (
                    "update",
                    [],
                    ["FATE-Serving is installed beside it", "python must be restarted by hand"],
                    1,
                ),
                "party-10000": ("keep", None, None, None),
                "party-10001": ("keep", None, None, None),
            },
            id="a party takes up FATE-Serving",
        ),
        pytest.param(
            on("eggroll", FEDERATION)
            .replace("topology: mesh", "topology: [{mesh: all}, {star: [9999, 10000], through: desk}]")
            .replace("parties:", "exchanges:\n  - {name: desk, cluster: bank, kind: servingProxy}\nparties:")
            .replace("{id: 9999, cluster: bank}", "{id: 9999, cluster: bank, serving: {}}")
            .replace("{id: 10000, cluster: shop}", "{id: 10000, cluster: shop, serving: {}}"),
            "{id: 10000, cluster: shop, serving: {}}",
            "{id: 10000, cluster: shop, serving: {}, ports: {servingProxy: 30196}}",
            {
                "exchange-desk": ("update", ["party-10000"], ["serving-proxy must be restarted by hand"], 1),
                "party-9999": ("keep", None, None, None),
                "party-10000": ("update", [], ["the Service of servingProxy changes, nothing restarts"], 1),
                "party-10001": ("keep", None, None, None),
            },
            id="a serving exchange is told of a port that moved",
        ),
    ],
)
def test_the_blast_radius(
    folder: Folder, start: str, old: str, new: str, expected: Mapping[str, tuple[str, Any, Any, Any]]
) -> None:
    """Who changes, because of whom, what it does there, and when."""
    folder.file.write_text(start)
    folder.plan()
    folder.commit()
    folder.edit(old, new)
    found = {
        site: (change["change"], change.get("because"), change.get("effects"), change.get("wave"))
        for site, change in folder.changes().items()
    }
    assert found == expected


def test_a_site_that_moves_to_another_cluster_is_an_update(folder: Folder) -> None:
    """Its files may stay the same to the byte, yet it has to be installed elsewhere."""
    folder.edit("  - {name: lab", "  - {name: spare, address: 192.168.12.1}\n  - {name: lab")
    folder.plan()
    folder.commit()
    folder.edit("{id: 10000, cluster: shop}", "{id: 10000, cluster: spare}")
    change = folder.changes()["party-10000"]
    assert change["change"] == "update"
    assert change["effects"] == [moved("fate-10000 on shop (kubefate)", "fate-10000 on spare (kubefate)")]


def test_what_leaves_is_taken_down_last(folder: Folder) -> None:
    """Removed sites come after those that drop their routes, and are named as such."""
    folder.plan()
    folder.commit()
    folder.edit("  - {id: 10001, cluster: lab}\n", "")
    lines = folder.plan()[0].splitlines()
    assert any(line.startswith("  then take down party-10001") for line in lines)
    assert not any(line.lstrip().startswith("1. party-10001") for line in lines)


def test_verify_of_a_missing_tree(folder: Folder) -> None:
    """Before the first plan there is nothing to verify."""
    text, code = run_verify(str(folder.file), None, "text", path=None)
    assert code == 1
    assert "FED704" in text


def test_no_secret_reaches_any_output(folder: Folder) -> None:
    """A secret written inline is refused without being shown; a reference is all that is ever written."""
    folder.edit('"env:FATE_MYSQL_PASSWORD"', "hunter2-is-secret")
    for name in ("text", "json", "sarif", "junit", "github"):
        text, code = folder.plan(format_name=name)
        assert code == 1
        assert "FED801" in text
        assert "hunter2" not in text
    folder.edit("hunter2-is-secret", '"env:FATE_MYSQL_PASSWORD"')
    folder.plan()
    assert folder.spec("party-9999")["mysql"]["password"] == "${secret:env:FATE_MYSQL_PASSWORD}"


@pytest.mark.parametrize("name", ["missing.yaml", "folder"])
def test_a_file_that_cannot_be_read(folder: Folder, name: str) -> None:
    """A missing file and a directory are findings."""
    (folder.path / "folder").mkdir()
    options = {"check_only": False, "with_diff": False, "against": None, "forget": ()}
    text, code = run_plan(str(folder.path / name), None, "text", **options)  # type: ignore[arg-type]
    assert code == 1
    assert "FED101" in text


def test_a_read_only_folder_is_the_worlds_refusal(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk refuses exits 3, in plain words, and nothing is lost."""
    folder.plan()
    before = folder.snapshot()
    folder.edit("192.168.9.1", "192.168.9.2")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    text, code = folder.plan()
    assert code == 3
    assert "error[FED709]" in text
    assert "the disk is full" in text
    for name, mark in (("json", "FED709"), ("junit", "<failure"), ("github", "::error"), ("sarif", "FED709")):
        assert mark in folder.plan(format_name=name)[0]
    monkeypatch.undo()
    changed = {name: data for name, data in folder.snapshot().items() if name != "federation.yaml"}
    assert {name: before[name] for name in changed if name in before} == {
        n: d for n, d in changed.items() if n in before
    }
    assert folder.plan()[1] == 0


def test_the_tree_survives_being_copied(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    """out/ and the files beside it are all there is: a copy verifies."""
    folder.plan()
    copy = tmp_path_factory.mktemp("copy") / "there"
    shutil.copytree(folder.path, copy)
    assert run_verify(str(copy / "federation.yaml"), None, "text", path=None)[1] == 0
