"""`invoke init`: a first federation.yaml, written by asking.

The interview is a generator: it yields what to print and is sent what was answered, so it needs no terminal. An answer
is judged by the checks of `invoke plan` themselves, on a federation made of the answers so far and of stand-ins for
those that are still to come. So an answer is refused for the same reason, in the same words, as the file would be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, TextIO, TypeAlias, TypeVar

from planner.diagnostics import Diagnostic, Severity
from planner.pipeline import check
from planner.releases import RELEASE_NAMES, Release, load
from renderers.canonical import scalar
from renderers.out import write_atomic
from renderers.report.excerpt import visible
from renderers.templating import template

GOOD: Final = 0
ERRORS: Final = 1
WORLD: Final = 3
USAGE: Final = 64

TRIES: Final = 3
"""How often one question is asked before init gives up."""
MAX_PARTIES: Final = 100
"""Parties that init asks for; whoever has more will rather generate the file than type the answers."""
REFERENCES: Final = {"mysql": "env:FATE_MYSQL_PASSWORD", "fateboard": "env:FATEBOARD_PASSWORD"}
"""What stands for the passwords that would otherwise be KubeFATE's published defaults (FED802)."""

_MIN_PARTIES: Final = 2
_FIRST_IDS: Final = (9999, 10000)
"""The party ids of KubeFATE's own two-party example (reference: cluster-yaml.md); more count on from there."""
_YES: Final = {"y": True, "yes": True, "n": False, "no": False}
_MAX_ID_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as it was answered; an empty `context` is none."""

    name: str
    address: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The exchange of a star: its name and its cluster's."""

    name: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Party:
    """A party: its id and its cluster's name."""

    id: int
    cluster: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers so far; empty where nothing was answered yet."""

    name: str = ""
    release: str = ""
    topology: str = ""
    exchange: Exchange | None = None
    clusters: tuple[Cluster, ...] = ()
    parties: tuple[Party, ...] = ()
    credentials: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer cannot be taken, in one clause; or, as the end of an interview, the last such clause."""

    reason: str


class _GaveUp(Exception):  # noqa: N818 - carries a value to the edge of the interview, is no error of ours
    """Ends an interview in which one question was answered wrongly too often."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


_T = TypeVar("_T")
Interview: TypeAlias = Generator[str, str, _T]
"""Yields what to print before an answer, is sent the answer, and returns what came of it."""


def run_init(file: str, stdin: TextIO, stdout: TextIO) -> tuple[str, int]:
    """Ask on `stdout`, read answers from `stdin` line by line, and write `file`: the closing message and the exit code.

    Nothing is written unless every question was answered. An interrupt (KeyboardInterrupt) is passed on.
    """
    path = Path(file)
    shown = visible(file)
    if os.path.lexists(path):
        return f"{shown} exists already, and init overwrites nothing: name another file with --file", ERRORS
    if not path.parent.is_dir():
        return f"there is no folder {visible(str(path.parent))} to write {visible(path.name)} to", USAGE
    try:
        draft = _conduct(stdin, stdout)
    except EOFError:
        hint = "run it in a terminal, or give it the answers on its standard input, one a line"
        return f"the answers ended before the questions did; nothing was written: {hint}", USAGE
    except UnicodeDecodeError:
        return "an answer is no UTF-8 text; nothing was written", USAGE
    if isinstance(draft, Refusal):
        return f"{TRIES} answers could not be taken, the last one because {draft.reason}; nothing was written", USAGE
    return _write(path, draft)


def interview() -> Interview[Draft | Refusal]:
    """Ask for everything that a first federation needs."""
    try:
        return (yield from _interview())
    except _GaveUp as gave_up:
        return gave_up.refusal


def collect(answers: Iterable[str]) -> Draft | Refusal:
    """Give what comes of these answers; EOFError when there are too few."""
    pending = iter(answers)
    asking = interview()
    try:
        next(asking)
        for answer in pending:
            asking.send(answer)
    except StopIteration as stop:
        outcome: Draft | Refusal = stop.value
        return outcome
    raise EOFError


def rendered(draft: Draft) -> str:
    """The federation.yaml that a complete draft stands for."""
    release = load(draft.release)
    known = () if release is None or not draft.credentials else _credentials(release)
    return template("federation.yaml.j2").render(
        scalar=scalar,
        name=draft.name,
        release=draft.release,
        topology=draft.topology,
        exchange=draft.exchange if draft.topology == "star" else None,
        target="kubernetes" if release is not None and release.module == "osx" else "",
        clusters=draft.clusters,
        parties=draft.parties,
        credentials=[(component, REFERENCES[component]) for component in known],
    )


def newest_release() -> str:
    """The newest release whose chart is published, so that KubeFATE can fetch it."""
    known = ((name, load(name)) for name in reversed(RELEASE_NAMES))
    return next(name for name, release in known if release is not None and release.chart.published)


# ---------------------------------------------------------------------------------------------------------------------
# The questions


def _interview() -> Interview[Draft]:
    draft = Draft()
    draft = yield from _ask("Name of the federation", "demo", lambda text: _judged(replace(draft, name=text)))
    draft = yield from _ask("FATE release", newest_release(), lambda text: _judged(replace(draft, release=text)))
    draft = yield from _ask("Topology, mesh or star", "mesh", lambda text: _judged(replace(draft, topology=text)))
    if draft.topology == "star":
        draft = yield from _exchange(draft)
    number = yield from _ask("How many parties", str(_MIN_PARTIES), _party_count)
    for _ in range(number):
        draft = yield from _party(draft)
    release = load(draft.release)
    components = () if release is None else _credentials(release)
    if components:
        names = " and ".join(REFERENCES[component].removeprefix("env:") for component in components)
        question = f"Take passwords from the environment ({names}); otherwise KubeFATE's published ones go live"
        draft = replace(draft, credentials=(yield from _ask(question, "yes", _yes_or_no)))
    return draft


def _exchange(draft: Draft) -> Interview[Draft]:
    """Ask for the exchange of a star and its cluster."""

    def place(draft: Draft, cluster: str, name: str) -> Draft:
        return replace(draft, exchange=Exchange(name, cluster))

    def named(text: str) -> str | Refusal:
        objection = _objection(_placed(draft, partial(place, name=text)))
        return text if objection is None else objection

    name = yield from _ask("Name of the exchange", "hub", named)
    return (yield from _cluster(draft, f"exchange {name}", name, partial(place, name=name)))


def _party(draft: Draft) -> Interview[Draft]:
    """Ask for one party and its cluster."""

    def place(draft: Draft, cluster: str, identifier: int) -> Draft:
        return replace(draft, parties=(*draft.parties, Party(identifier, cluster)))

    def numbered(text: str) -> int | Refusal:
        if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_ID_DIGITS):
            return Refusal("a party id is a whole number from 1 to 999999")
        objection = _objection(_placed(draft, partial(place, identifier=int(text))))
        return int(text) if objection is None else objection

    identifier = yield from _ask(f"Id of party {len(draft.parties) + 1}", str(_free_id(draft)), numbered)
    proposal = f"cluster-{identifier}"
    return (yield from _cluster(draft, f"party {identifier}", proposal, partial(place, identifier=identifier)))


def _cluster(draft: Draft, label: str, proposal: str, place: Callable[[Draft, str], Draft]) -> Interview[Draft]:
    """Ask for the cluster of a site, and for its address and context when it is a new one.

    `place` puts the site on a cluster.
    """
    known = {cluster.name for cluster in draft.clusters}

    def named(text: str) -> str | Refusal:
        objection = _objection(place(draft, text) if text in known else _placed(draft, place, text))
        return text if objection is None else objection

    name = yield from _ask(f"Cluster of {label}", proposal, named)
    if name in known:
        return place(draft, name)

    def addressed(text: str) -> str | Refusal:
        if not text:
            return Refusal("there is no default: it is the IP address or the DNS name that the others dial")
        objection = _objection(place(_with(draft, Cluster(name, text)), name))
        return text if objection is None else objection

    address = yield from _ask(f"Address of cluster {name} that the other parties dial, like 192.168.9.1", "", addressed)
    return (
        yield from _ask(
            f"kubeconfig context of cluster {name}, empty for none",
            "",
            lambda text: _judged(place(_with(draft, Cluster(name, address, text)), name)),
        )
    )


def _ask(question: str, default: str, take: Callable[[str], _T | Refusal]) -> Interview[_T]:
    """Ask one question until `take` takes the answer; an empty answer is the default."""
    ending = f" [{default}]: " if default else ": "
    prompt = f"{question}{ending}"
    refusal = Refusal("")
    for _ in range(TRIES):
        answer = (yield prompt).strip() or default
        taken = take(answer) if answer.isprintable() else Refusal("it holds a control character")
        if not isinstance(taken, Refusal):
            return taken
        refusal = taken
        prompt = f"  {refusal.reason}\n{question}{ending}"
    raise _GaveUp(refusal)


def _party_count(text: str) -> int | Refusal:
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_PARTIES)):
        number = int(text)
        if _MIN_PARTIES <= number <= MAX_PARTIES:
            return number
    return Refusal(f"init asks for {_MIN_PARTIES} to {MAX_PARTIES} parties; more can be added to the file later")


def _yes_or_no(text: str) -> bool | Refusal:
    answer = _YES.get(text.lower())
    return Refusal("answer yes or no") if answer is None else answer


def _free_id(draft: Draft) -> int:
    taken = {party.id for party in draft.parties}
    first = _FIRST_IDS[min(len(taken), 1)]
    return next(number for number in count(first) if number not in taken)


def _credentials(release: Release) -> tuple[str, ...]:
    """The components with a password that the release's chart lets one set."""
    settable = {credential.component for credential in release.credentials if credential.password_key is not None}
    return tuple(component for component in REFERENCES if component in settable)


# ---------------------------------------------------------------------------------------------------------------------
# Judging answers


def _judged(draft: Draft) -> Draft | Refusal:
    objection = _objection(draft)
    return draft if objection is None else objection


def _objection(draft: Draft) -> Refusal | None:
    """What the checks have against a draft; remarks (Severity.INFO) are no objection."""
    found = [each for each in check(rendered(_filled(draft)).encode()).diagnostics if _is_objection(each)]
    found.sort(key=lambda each: not each.is_error)
    return Refusal(f"{found[0].message}; {found[0].hint}") if found else None


def _is_objection(diagnostic: Diagnostic) -> bool:
    return diagnostic.fault.severity is not Severity.INFO


def _filled(draft: Draft) -> Draft:
    """The draft with stand-ins for the answers that are still to come: a federation that is right by itself."""
    name = draft.name or "demo"
    release = draft.release or newest_release()
    topology = draft.topology or "mesh"
    draft = replace(draft, name=name, release=release, topology=topology)
    if not draft.clusters:
        draft = replace(draft, clusters=(_stand_in(draft),))
    cluster = draft.clusters[-1].name
    if draft.exchange is None:
        draft = replace(draft, exchange=Exchange("hub", cluster))
    for _ in range(_MIN_PARTIES - len(draft.parties)):
        draft = replace(draft, parties=(*draft.parties, Party(_free_id(draft), cluster)))
    return draft


def _with(draft: Draft, cluster: Cluster) -> Draft:
    return replace(draft, clusters=(*draft.clusters, cluster))


def _placed(draft: Draft, place: Callable[[Draft, str], Draft], name: str = "") -> Draft:
    """The draft with a site on a stand-in for its cluster, of that name if there is one already."""
    cluster = _stand_in(draft)
    cluster = replace(cluster, name=name) if name else cluster
    return place(_with(draft, cluster), cluster.name)


def _stand_in(draft: Draft) -> Cluster:
    """A cluster with a name and an address that none of the draft's has."""
    names = {cluster.name for cluster in draft.clusters}
    addresses = {cluster.address for cluster in draft.clusters}
    name = next(name for number in count(1) if (name := f"cluster-{number}") not in names)
    address = next(address for number in count(1) if (address := f"10.0.0.{number}") not in addresses)
    return Cluster(name, address)


# ---------------------------------------------------------------------------------------------------------------------
# Asking and writing


def _conduct(stdin: TextIO, stdout: TextIO) -> Draft | Refusal:
    """Hold the interview; EOFError when the input ends before it does."""
    echo = "" if stdin.isatty() else "\n"
    stdout.write("Enter takes the answer in brackets. Nothing is written before the last question is answered.\n")
    asking = interview()
    try:
        prompt = next(asking)
        while True:
            stdout.write(prompt)
            stdout.flush()
            line = stdin.readline()
            if not line:
                stdout.write("\n")
                raise EOFError
            stdout.write(echo)
            prompt = asking.send(line.removesuffix("\n"))
    except StopIteration as stop:
        outcome: Draft | Refusal = stop.value
        return outcome


def _write(path: Path, draft: Draft) -> tuple[str, int]:
    """Write the file, unless one has come into being while the questions were answered."""
    data = rendered(draft).encode()
    found = check(data).diagnostics
    if any(diagnostic.is_error for diagnostic in found):
        reasons = "; ".join(diagnostic.message for diagnostic in found if diagnostic.is_error)
        return f"the answers do not go together: {reasons}; nothing was written", ERRORS
    shown = visible(str(path))
    if os.path.lexists(path):
        return f"{shown} has come into being meanwhile, and init overwrites nothing; nothing was written", ERRORS
    problem = write_atomic(path, data)
    if problem is not None:
        return f"{problem.message} ({problem.hint})", WORLD
    remarks = [f"{each.fault.severity}[{each.fault.code}]: {each.message}; {each.hint}" for each in found]
    option = "" if str(path) == "federation.yaml" else f" --file {_quoted(str(path))}"
    return "\n".join([*remarks, f"{shown} is written. Look it over, then run: invoke plan{option}"]), GOOD


def _quoted(path: str) -> str:
    """A path as the shell takes it."""
    import shlex

    return shlex.quote(visible(path))
