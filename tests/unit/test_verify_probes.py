"""`invoke verify --live` with probes: what is asked of whom, what is made of the answers, and how it is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from planner.checks.peer_closed import peer_closed
from planner.diagnostics import Diagnostic, Place
from planner.lookup import Endpoint
from planner.probes import BY_ID
from planner.wording import label
from renderers.cluster.api import Ran, UnreachableError
from renderers.live import report
from renderers.live import running as live_running
from renderers.live.running import LiveRun
from renderers.probes.cluster import area as cluster
from renderers.probes.components import area as components
from renderers.probes.components.rabbitmq import BrokenLink
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.serving import area as serving
from renderers.probes.serving.inference import Inference
from renderers.probes.sight import Sight
from renderers.probes.ways import area as ways
from renderers.report import json_report
from tests.cluster.sites import Ended, federation, party, planned
from tests.unit.cluster_double import Time
from tests.unit.test_verify_live import FAILED, Live, Played, home, live, ran, states

__all__ = ["home", "live"]

Answer = Callable[[str, str, str], Said]
ROLLSITE: Final = "peer-accepts"


def true(_sort: str, _site: str, _peer: str) -> Said:
    """All is well."""
    return Said()


@pytest.fixture(autouse=True)
def nothing_to_repeat(home: Path) -> None:
    """No earlier run left anything."""
    shutil.rmtree(home / ".fedplan", ignore_errors=True)


class Probed:
    """Stands in for the areas: a few sorts of each site, and a probe for each dial, answered as `answer` says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Answer = true) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, str]] = []
        monkeypatch.setattr(cluster, "probes", self.of_cluster)
        monkeypatch.setattr(components, "probes", self.of_services)
        monkeypatch.setattr(ways, "probes", self.of_ways)
        monkeypatch.setattr(serving, "probes", self.of_serving)

    def of_cluster(self, sight: Sight) -> Iterator[Probe]:
        yield self.probe(sight, "namespace-exists", "the namespace of {} exists")
        yield self.probe(sight, "tables-planned", "the tables of {} lead where the plan leads")

    def of_services(self, sight: Sight) -> Iterator[Probe]:
        yield self.probe(sight, "fateflow-answers", "FATE-Flow of {} answers")
        yield self.probe(sight, "fateflow-version", "FATE-Flow of {} is of the planned release")

    def of_ways(self, sight: Sight) -> Iterator[Probe]:
        for dial in sight.folder.dials:
            endpoint = Endpoint(dial.host, dial.port)
            yield self.probe(sight, ROLLSITE, f"{dial.peer} accepts connections of {{}}", dial.peer, endpoint)

    def of_serving(self, sight: Sight, _: object) -> Iterator[Probe]:
        yield self.probe(sight, "serving-finds-fateflow", "serving of {} finds FATE-Flow")

    def probe(self, sight: Sight, sort: str, sentence: str, peer: str = "", endpoint: Endpoint | None = None) -> Probe:
        key = sight.folder.key

        def ask(_: object) -> Said:
            self.asked.append((sort, key, peer))
            said = self.answer(sort, key, peer)
            if said.truth is Truth.FALSE and endpoint is not None:
                return Said(said.truth, said.reason, (closed(sight.places.of_site(), key, peer, endpoint),))
            return said

        return Probe(BY_ID[sort], key, sentence.format(sight.folder.label), ask, peer, endpoint)


def closed(place: Place, site: str, peer: str, endpoint: Endpoint) -> Diagnostic:
    """The finding of an endpoint that accepts nothing."""
    return peer_closed(place, label(site), f"{label(peer)} refuses connections at {endpoint}", (), "see that it runs")


def is_false(*wanted: tuple[str, str, str], reason: str = "the connection is refused") -> Answer:
    """Answers that these are false, and all others are true."""
    return lambda *asked: Said(Truth.FALSE, reason) if asked in wanted else Said()


def of(ended: Ended) -> dict[str, Any]:
    """What machines are told."""
    found: dict[str, Any] = ended.data["verify"]["live"]
    return found


def sites(ended: Ended) -> dict[str, tuple[int, int, int, int]]:
    """How many sentences of each site are true, false, unknown, and not asked."""
    keys = ("true", "false", "unknown", "notAsked")
    return {each["site"]: (each[keys[0]], each[keys[1]], each[keys[2]], each[keys[3]]) for each in of(ended)["sites"]}


def test_all_is_well(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes, toy examples, and every way open; the report keeps its contract."""
    Probed(monkeypatch)
    ended = live(only="")
    assert ended.code == 0
    assert sites(ended) == {f"party-{number}": (7, 0, 0, 0) for number in (9999, 9998, 10000)}
    found = of(ended)["verdicts"]
    assert (found["pairs"], found["open"], found["causes"]) == (6, 6, [])
    assert of(ended)["servingVerdicts"] is None
    assert set(states(ended).values()) == {"proved"}
    jsonschema.validate(ended.data, json_report.schema())
    assert "1 of 3: party" in ended.told
    text = live(only="", format_name="text").text
    assert "ways: 6 of 6 open, 0 closed, 0 unchecked" in text
    assert re.search(r"^party 9999: 7 of 7 probes true$", text, re.MULTILINE)
    assert re.search(r"^  peer-accepts +2 of 2 true$", text, re.MULTILINE)
    assert text.rstrip().endswith("no findings; 21 of 21 probes true, 7 of 7 toy examples proved live")


def test_only_probes(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """No toy example is run, and the other way round."""
    probed = Probed(monkeypatch)
    bank = Played("bank")
    ended = live(bank, only="probes")
    assert (ended.code, bank.ran, states(ended)) == (0, [], {})
    asked = len(probed.asked)
    ended = live(only="toy")
    assert (ended.code, len(probed.asked), of(ended)["probes"], of(ended)["verdicts"]) == (0, asked, [], None)
    ended = live(only="serving")
    assert (ended.code, ended.text) == (64, "--only serving: no site that was asked for has FATE-Serving")


def test_a_closed_hop_fails_its_pairs(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """One direction alone: that pair is closed; toy examples of both directions need it, and are not begun."""
    Probed(monkeypatch, is_false((ROLLSITE, "party-9999", "party-10000")))
    bank = Played("bank")
    ended = live(bank, only="", all_pairs=True)
    assert ended.code == 1
    (cause,) = of(ended)["verdicts"]["causes"]
    assert (cause["site"], cause["peer"], cause["code"], cause["some"]) == (
        "party-9999",
        "party-10000",
        "FED983",
        [[9999, 10000]],
    )
    assert of(ended)["verdicts"]["open"] == 5
    failed = {pair for pair, state in states(ended).items() if state == "failed"}
    assert failed == {(9999, 10000), (10000, 9999)}
    assert (9999, 10000) not in bank.ran
    (example,) = [each for each in of(ended)["toyExamples"] if (each["guest"], each["host"]) == (9999, 10000)]
    where = f"party 9999 -> party 10000 ({cause['endpoint']})"
    assert example["reason"] == f"not tried: {where}: the connection is refused"
    assert [each["sort"] for each in example["accused"]] == [ROLLSITE]
    (finding,) = [
        each for each in ended.data["diagnostics"] if each["message"].startswith("the toy example 9999 -> 10")
    ]
    assert [each["message"] for each in finding["notes"]] == [f"the way: {where}"], "what is said above is not repeated"
    (back,) = [each for each in ended.data["diagnostics"] if each["message"].startswith("the toy example 10000 -> 99")]
    assert back["message"].endswith(f"not tried: {where}: the connection is refused")
    assert [each["code"] for each in ended.data["diagnostics"]].count("FED983") == 1
    jsonschema.validate(ended.data, json_report.schema())
    text = live(only="probes", format_name="text").text
    assert f"closed at {where}: 1 pair (9999 -> 10000): the connection is refused (FED983)" in text
    assert "1 of 2 true" in text
    assert "more: invoke explain FED983" in text


def test_a_pair_has_a_verdict_of_its_own(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both directions, whatever else is closed."""
    probed = Probed(
        monkeypatch, is_false((ROLLSITE, "party-9999", "party-10000"), (ROLLSITE, "party-9999", "party-9998"))
    )
    found = of(live(only="probes", pairs=("10000:9999",)))["verdicts"]
    assert (found["pairs"], found["open"], found["closed"], found["unchecked"]) == (2, 1, 1, 0)
    assert found["causes"][0]["some"] == [[9999, 10000]]
    probed.answer = lambda sort, *_: Said(Truth.UNKNOWN, "no tool") if sort == ROLLSITE else Said()
    found = of(live(only="probes", pairs=("10000:9999",)))["verdicts"]
    assert (found["unchecked"], found["reasons"]) == (
        2,
        ["party 10000: no tool (peer-accepts)", "party 9999: no tool (peer-accepts)"],
    )


def test_only_toy_runs_what_a_probe_found_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants FATE's own word gets it."""
    Probed(monkeypatch, is_false((ROLLSITE, "party-9999", "party-10000")))
    assert (live(only="probes").code, live(only="toy", all_pairs=True).code) == (1, 0)


def test_a_toy_example_that_fails_names_the_probes_first(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that is false, and closes nothing for certain: the job is run, and the note comes first."""
    Probed(monkeypatch, is_false(("tables-planned", "party-9998", ""), reason="10000 leads elsewhere"))
    ended = live(Played("bank", {(9998, 10000): ran(FAILED)}), only="", all_pairs=True)
    assert {pair for pair, state in states(ended).items() if state == "failed"} == {(9998, 10000)}
    (finding,) = [each for each in ended.data["diagnostics"] if each["code"] == "FED980"]
    assert (
        finding["notes"][0]["message"]
        == "a probe has found it: party 9998: 10000 leads elsewhere (tables-planned, FED976)"
    )
    assert {tuple(each["some"][0]) for each in of(ended)["verdicts"]["causes"]} == {(9998, 9999)}
    assert of(ended)["verdicts"]["closed"] == 2


def test_what_is_not_known_is_unchecked(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3, a warning for each trouble and not for each sentence."""
    unknown = Said(Truth.UNKNOWN, "no container of rollsite is ready")
    Probed(monkeypatch, lambda sort, site, _: unknown if (sort, site) == (ROLLSITE, "party-9999") else Said())
    ended = live(only="probes")
    assert (ended.code, of(ended)["verdicts"]["unchecked"]) == (3, 2)
    (finding,) = ended.data["diagnostics"]
    assert (finding["code"], finding["message"]) == (
        "FED999",
        "2 probes (peer-accepts) of party 9999 are unchecked: no container of rollsite is ready",
    )
    assert of(ended)["verdicts"]["reasons"] == ["party 9999: no container of rollsite is ready (peer-accepts)"]
    junit = ET.fromstring(live(only="probes", format_name="junit").text)
    cases = [each for each in junit.iter("testcase") if each.get("classname") == "fedplan.verify.probe"]
    assert (len(cases), sum(each.find("skipped") is not None for each in cases)) == (21, 2)


def test_what_one_cause_leaves_unknown_is_one_warning(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever sorts it concerns."""
    sorts = {"fateflow-answers", ROLLSITE}
    cut = Said(Truth.UNKNOWN, "no right to exec")
    Probed(monkeypatch, lambda sort, site, _: cut if sort in sorts and site == "party-9999" else Said())
    (finding,) = live(only="probes").data["diagnostics"]
    expected = "3 probes (fateflow-answers, peer-accepts) of party 9999 are unchecked: no right to exec"
    assert finding["message"] == expected


def test_what_needs_a_false_sentence_is_told_as_not_asked(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that is gone stops its branch, and closes every way of the site."""
    probed = Probed(monkeypatch, is_false(("namespace-exists", "party-10000", ""), reason="it is gone"))
    ended = live(only="probes")
    assert (ended.code, sites(ended)["party-10000"]) == (1, (1, 1, 0, 5))
    assert of(ended)["verdicts"]["closed"] == 4
    assert ("fateflow-answers", "party-10000", "") not in probed.asked
    assert (
        "false: the namespace of party 10000 exists: it is gone (FED927)"
        in live(only="probes", format_name="text").text
    )


def test_a_cluster_that_is_away(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pairs are unchecked, with the reason; the others are judged."""
    Probed(monkeypatch)
    ended = live(Played("shop", is_away=True), only="probes")
    assert (ended.code, sites(ended)["party-10000"]) == (3, (0, 0, 1, 0))
    assert (of(ended)["verdicts"]["open"], of(ended)["verdicts"]["unchecked"]) == (2, 4)
    assert [each["code"] for each in ended.data["diagnostics"]] == ["FED901"]


def test_a_site_that_nothing_leads_to(live: Live, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, with who can go on."""
    Probed(monkeypatch)
    config = json.loads((home / "kubeconfig").read_text(encoding="utf-8"))
    config["contexts"] = config["contexts"][:1]
    alone = home / "kubeconfig-of-bank"
    alone.write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(alone))
    ended = live(only="probes")
    assert (ended.code, of(ended)["verdicts"]["unchecked"]) == (3, 4)
    junit = ET.fromstring(live(only="probes", format_name="junit").text)
    (case,) = (each for each in junit.iter("testcase") if each.get("name") == "party 10000 is probed")
    assert case.find("skipped") is not None
    (finding,) = ended.data["diagnostics"]
    assert (
        finding["message"] == "party 10000 is unchecked: not reachable from here (the kubeconfig has no context shop)"
    )
    own = "with --context where your context for it has another name"
    assert finding["hint"] == f"let an operator of cluster shop run `invoke verify --live --party 10000`, {own}"
    (finding,) = live(only="", parties=("10000",)).data["diagnostics"]
    assert finding["code"] == "FED999", "of its toy examples nobody needs to be told the same again"
    assert live(only="probes", parties=("9999",)).code == 0
    assert "party 10000: not reachable from here (the kubeconfig" in live(only="probes", format_name="text").text
    monkeypatch.setattr(live_running, "_MOST_REASONS", 0)
    assert "\nparty 10000: not reachable from here\n" in live(only="probes", format_name="text").text


def test_party_pair_and_failed_choose_sites(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """--party its own site, --pair the sites on both ways and their hops alone, --failed the sites at fault."""
    probed = Probed(monkeypatch, is_false((ROLLSITE, "party-9999", "party-10000")))

    def asked(**options: Any) -> set[tuple[str, str]]:
        probed.asked.clear()
        live(only="probes", **options)
        return {(site, peer) for sort, site, peer in probed.asked if sort == ROLLSITE}

    assert asked(parties=("9998",)) == {("party-9998", "party-9999"), ("party-9998", "party-10000")}
    assert asked(pairs=("9998:10000",)) == {("party-9998", "party-10000"), ("party-10000", "party-9998")}
    assert len(asked()) == 6
    assert asked(failed=True) == {("party-9999", "party-9998"), ("party-9999", "party-10000")}
    probed.answer = true
    assert len(asked(failed=True)) == 2
    assert asked(failed=True) == set()
    assert "nothing is left to repeat" in live(only="probes", failed=True, format_name="text").text


def test_failed_takes_up_probes_and_toys_of_the_last_whole_run(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of probes alone forgets no toy example that failed, and one of toy examples no site."""
    probed = Probed(monkeypatch, is_false((ROLLSITE, "party-9999", "party-10000")))
    live(only="", all_pairs=True)
    live(only="probes", parties=("9998",))
    live(only="toy", parties=("9998",))
    probed.answer = true
    ended = live(only="", failed=True)
    assert (ended.code, set(states(ended)) - {(9999, 9998, 10000)}) == (0, {(9999, 10000), (10000, 9999)})
    assert sites(ended)["party-9999"] == (7, 0, 0, 0)


def test_many_alike_are_told_once(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all sites meet at one endpoint, or one site at many, is one finding with a note."""
    from renderers.live import findings as module

    monkeypatch.setattr(module, "_MOST_ALIKE", 1)
    Probed(
        monkeypatch,
        lambda sort, _, peer: Said(Truth.FALSE, "no") if (sort, peer) == (ROLLSITE, "party-10000") else Said(),
    )
    ended = live(only="probes")
    (finding,) = ended.data["diagnostics"]
    assert finding["notes"][-1]["message"] == "so it is from party 9998"
    text = live(only="probes", format_name="text").text
    alike = r"closed at party 9998 -> party 10000 \(\S+\), and there from party 9999: 2 pairs \(9998 -> 10000, 9999"
    assert re.search(alike, text)
    Probed(
        monkeypatch,
        lambda sort, site, _: Said(Truth.FALSE, "no") if (sort, site) == (ROLLSITE, "party-9999") else Said(),
    )
    (finding,) = live(only="probes").data["diagnostics"]
    reasons = iter(["a", "b"] * 9)
    Probed(
        monkeypatch,
        lambda *each: Said(Truth.UNKNOWN, next(reasons)) if each[:2] == (ROLLSITE, "party-9999") else Said(),
    )
    monkeypatch.setattr(module, "_MOST_REASONS", 1)
    messages = [each["message"] for each in live(only="probes").data["diagnostics"]]
    assert "1 probe (peer-accepts) of party 9999 is unchecked: other reasons, each its own" in messages
    assert re.fullmatch(r"and so it is with party \d+ \(\S+\)", finding["notes"][-1]["message"])


def test_many_sites_are_counted(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of those where not all is true, and how many the others are."""
    monkeypatch.setattr(report, "_MOST_SORTS", 2)
    monkeypatch.setattr(report, "_MOST_SITES", 1)
    Probed(
        monkeypatch,
        lambda sort, _, peer: Said(Truth.FALSE, "no") if (sort, peer) == (ROLLSITE, "party-10000") else Said(),
    )
    lines = live(only="probes", format_name="text").text.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("party "))
    assert lines[begin].endswith(": 6 of 7 probes true")
    assert lines[begin + 1].split() == ["peer-accepts", "1", "of", "2", "true"]
    assert lines[begin + 3 : begin + 5] == ["and 1 more site where not all is true", "1 site where all probes are true"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": "routes"}, "--only takes one of probes, toy, serving, not routes"),
        ({"only": "probes", "all_pairs": True}, "--all-pairs is about toy examples, and --only probes runs none"),
        ({"only": "toy", "inference": "x.json"}, "--inference is about serving, and --only toy leaves that out"),
    ],
)
def test_options_that_cannot_be_meant(live: Live, options: dict[str, Any], message: str) -> None:
    """Exit code 64."""
    ended = live(**options)
    assert (ended.text, ended.code) == (message, 64)


def test_ctrl_c_while_probing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more is begun, the report has what was heard, and `--failed` goes on with sites and toy examples."""
    probed = Probed(monkeypatch)

    def pressed(sort: str, site: str, _: str) -> Said:
        if (sort, site) == ("tables-planned", "party-9998"):
            raise KeyboardInterrupt
        return Said()

    probed.answer = pressed
    bank = Played("bank")
    ended = live(bank, only="", parallel=1)
    assert (ended.code, bank.ran, of(ended)["interrupted"], of(ended)["left"]) == (3, [], True, 7)
    assert "interrupted: --failed goes on with what was not done" in live(only="", parallel=1, format_name="text").text
    assert of(ended)["verdicts"]["open"] == 0
    probed.answer = true
    again = live(only="", failed=True)
    assert (again.code, len(states(again))) == (0, 7)
    assert sites(again)["party-9998"] == (7, 0, 0, 0)
    probed.answer = pressed
    begun = {key for key, counts in sites(live(only="probes", parallel=1)).items() if counts == (7, 0, 0, 0)}
    probed.answer = true
    assert set(sites(live(only="probes", failed=True))) == {"party-9999", "party-9998", "party-10000"} - begun


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """Two parties whose data goes over RabbitMQ, and who serve together."""
    folder = tmp_path_factory.mktemp("spark")
    parties = [
        party(9999, "fate-9999", serving={"release": "v2.1.6"}),
        party(10000, "fate-10000", "shop", serving={"release": "v2.1.6"}),
    ]
    planned(folder, federation(*parties, defaults={"engine": "spark_rabbitmq"}))
    shutil.copy(home / "kubeconfig", folder / "kubeconfig")
    return folder


def test_brokers_are_asked_while_a_job_hangs(spark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they say comes before what one can guess."""
    link = BrokenLink("party-9999", Endpoint("192.0.2.9", 30094), "the connection is refused")
    monkeypatch.setattr(
        live_running, "broken_links", lambda sight, _: (link,) if sight.folder.key == "party-10000" else ()
    )

    class Sleepy(Played):
        def run(self, *given: Any) -> Ran:
            if "flow test toy" not in given[3][2]:
                return ran("")
            given[4].wait(given[4].left)
            return ran("toy test job 5 is running\n", None)

    ended = Live(spark, monkeypatch)(Sleepy("bank", clock=Time()), pairs=("9999:10000",))
    (example,) = of(ended)["toyExamples"]
    said = "RabbitMQ of party 10000 cannot fetch from party 9999 at 192.0.2.9:30094: the connection is refused"
    assert (ended.code, example["told"]) == (1, [said])
    (finding,) = [each for each in ended.data["diagnostics"] if each["code"] == "FED980"]
    assert finding["notes"][0]["message"] == said


def test_serving_is_asked_at_last(spark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where parties have it; the inference is posted at the party that is named."""
    probed = Probed(monkeypatch)
    run = Live(spark, monkeypatch)
    ended = run(only="serving")
    assert (ended.code, {each[0] for each in probed.asked}) == (0, {"serving-finds-fateflow"})
    assert of(ended)["servingVerdicts"] == {
        "pairs": 2,
        "open": 2,
        "closed": 0,
        "unchecked": 0,
        "causes": [],
        "reasons": [],
    }
    assert of(ended)["verdicts"] is None
    whole = run(only="")
    sorts = [each["sort"] for each in of(whole)["probes"]]
    assert (sorts.count("api-answers"), sorts.count("serving-finds-fateflow"), len(states(whole))) == (2, 2, 4)
    refused = run(only="serving", inference="nothing.json")
    assert (refused.code, refused.text.startswith("--inference: ")) == (64, True)


def test_an_inference_that_failed_is_repeated(spark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the party that was named; without its file nothing says that all is well."""
    Probed(monkeypatch)
    truths = [Truth.FALSE, Truth.UNKNOWN, Truth.TRUE]
    asked: list[int] = []

    def probes(sight: Sight, inference: Inference | None) -> Iterator[Probe]:
        if inference is not None and inference.guest == sight.planned.id:
            asked.append(inference.guest)
            yield Probe(BY_ID["inference-answers"], sight.folder.key, "it answers", lambda _: Said(truths.pop(0)))

    monkeypatch.setattr(serving, "probes", probes)
    (spark / "request.json").write_text('{"head": {"serviceId": "credit"}, "body": {"featureData": {"x0": 1}}}')
    run, given = Live(spark, monkeypatch), {"only": "serving", "inference": "request.json"}
    assert run(**given, parties=("10000",)).code == 1
    told = "--failed: the inference at party 10000 had no good answer: give its --inference, or leave it out with"
    for _ in range(2):
        ended = run(only="", failed=True)
        assert (ended.code, ended.text) == (64, f"{told} --only probes or --only toy")
    assert run(**given, failed=True).code == 3
    assert run(only="probes", failed=True).code == 0
    assert run(**given, failed=True).code == 0
    assert run(only="serving", failed=True).code == 0
    assert asked == [10000, 10000, 10000]


@pytest.mark.parametrize("name", ["_closed", "_false"])
def test_ctrl_c_while_jobs_are_held_back(live: Live, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Between jobs and between stages, too, what was done is reported, and `--failed` goes on with the rest."""
    Probed(monkeypatch)

    def pressed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LiveRun, name, pressed)
        ended = live(only="", all_pairs=True)
    found = of(ended)
    assert (ended.code, found["interrupted"]) == (3, True), ended.all
    assert found["left"] == 10 - len(states(ended))
    assert {each["sort"] for each in found["probes"]} >= {"namespace-exists", ROLLSITE}
    again = live(only="toy", failed=True)
    assert (again.code, len(states(ended)) + len(states(again))) == (0, 10), again.all


def test_serving_that_is_not_asked_any_more_is_unchecked(spark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that answers probes and goes away during toy examples leaves its ways of serving in doubt."""
    Probed(monkeypatch)
    bank = Played("bank")

    def goes(*_: Any) -> Ran:
        bank.given_up = "connection refused"
        raise UnreachableError(bank.given_up)

    monkeypatch.setattr(bank, "run", goes)
    ended = Live(spark, monkeypatch)(bank, only="")
    found = of(ended)
    assert (ended.code, found["verdicts"]["open"], found["servingVerdicts"]["unchecked"]) == (3, 2, 2), ended.all


def test_serving_that_ctrl_c_kept_from_being_asked(spark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ways are unchecked, those of training are judged, and `--failed` asks for it."""
    probed = Probed(monkeypatch)

    class Pressed(Played):
        def run(self, *_: Any) -> Ran:
            raise KeyboardInterrupt

    run = Live(spark, monkeypatch)
    ended = run(Pressed("bank"), only="")
    assert (ended.code, of(ended)["interrupted"]) == (3, True)
    assert (of(ended)["verdicts"]["open"], of(ended)["servingVerdicts"]["unchecked"]) == (2, 2)
    probed.asked.clear()
    assert run(only="serving", failed=True).code == 0
    assert {each[:2] for each in probed.asked} == {("serving-finds-fateflow", f"party-{n}") for n in (9999, 10000)}
