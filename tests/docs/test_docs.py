"""The hand-written pages are true: what they print is what the commands print, what they show has no findings.

How a page is read stands in tests/docs/pages.py. After a change of what the tool prints: ``FEDPLAN_UPDATE_DOCS=1 pytest
tests/docs`` writes the new outputs into the pages. Blocks that need a cluster are run by
tests/cluster/test_documented_life_cycle.py; here it is only seen that their commands exist.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderers.commands import manual_pages
from renderers.documentation import reference_pages
from tasks import namespace
from tests.docs.pages import CLUSTER, DOCS, ROOT, Folder, blocks, commands, follow, fresh_folder, prose, rewrite

REFERENCE = DOCS / "reference"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    + [path for path in DOCS.rglob("*.md") if REFERENCE not in path.parents]
)
UPDATE = bool(os.environ.get("FEDPLAN_UPDATE_DOCS"))

_MARK = re.compile(r"# (error|warning|info): (FED\d{3})")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_COMMAND = re.compile(r"\b(?:invoke|fedplan) ([a-z]+(?:\.[a-z]+)?)((?: +-{0,2}[-A-Za-z0-9:./_]+)*)")
_FILE = re.compile(r"(?:planner|renderers|tests|docs|\.ci)/[-\w./:]+")
_MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|opt|home|root|Users)/")


def name_of(path: Path) -> str:
    """A page's path in the repository."""
    return str(path.relative_to(ROOT))


in_pages = pytest.mark.parametrize("page", PAGES, ids=name_of)
ALL_PAGES = [*PAGES, *sorted(REFERENCE.rglob("*.md"))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Where the commands of a page run."""
    return fresh_folder(tmp_path, monkeypatch)


@in_pages
def test_printed_outputs_are_real(page: Path, folder: Folder) -> None:
    """Every command in a console block prints exactly what the page shows."""
    lines = page.read_text().splitlines()
    real = follow(lines, folder)
    shown = {
        block.first: list(block.lines)
        for block in blocks(page)
        if block.language == "console" and block.verb != CLUSTER
    }
    if UPDATE and real != shown:
        rewrite(page, lines, real)
        return
    assert real == shown, "the page is out of date: FEDPLAN_UPDATE_DOCS=1 pytest tests/docs"


def wrong_in(pages: Iterable[Path], wrong: Callable[[Path], Iterable[object]]) -> list[tuple[str, list[object]]]:
    """What is wrong in pages, by page; empty when all is well."""
    return [(name_of(page), found) for page in pages if (found := list(wrong(page)))]


def test_blocks_for_a_cluster_have_the_shape_of_a_console() -> None:
    """A block that is followed on a cluster only has commands, the last of them with its output."""

    def wrong(page: Path) -> Iterable[object]:
        for block in blocks(page):
            if block.verb == CLUSTER and block.language != "console":
                yield block.first, block.language
            elif block.verb == CLUSTER and not any(output for _, output in commands(block)):
                yield block.first, "no output"

    assert wrong_in(PAGES, wrong) == []


@in_pages
def test_federations_have_the_findings_they_name(page: Path, plan_of: Callable[..., Any]) -> None:
    """A whole federation.yaml has no findings but those that comments in it name; every YAML block is YAML."""
    for block in blocks(page):
        if block.language != "yaml":
            continue
        data = list(yaml.compose_all(block.text, yaml.SafeLoader))
        keys = {key.value for node in data if isinstance(node, yaml.MappingNode) for key, _ in node.value}
        if not {"version", "parties"} <= keys:
            continue
        expected = sorted(
            (number, mark[1], mark[2])
            for number, line in enumerate(block.lines, 1)
            for mark in [_MARK.search(line)]
            if mark is not None
        )
        assert (block.first, plan_of(block.text).found) == (block.first, expected)


def test_links_resolve() -> None:
    """Links within the repository lead to files and headings that exist."""
    assert wrong_in(ALL_PAGES, lambda page: (link for link in links(page) if not resolves(page, link))) == []


def test_quoted_code_is_real() -> None:
    """A block that says which file of the repository it quotes stands there, letter by letter."""

    def wrong(page: Path) -> Iterable[object]:
        quoted = (block for block in blocks(page) if block.verb == "source")
        return (block.name for block in quoted if block.text not in (ROOT / block.name).read_text())

    assert wrong_in(PAGES, wrong) == []


def links(page: Path) -> list[str]:
    """What the links of a page lead to; brackets in code are no links."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(page)))


def resolves(page: Path, link: str) -> bool:
    """Whether a link leads somewhere; addresses on the web are taken on trust."""
    if link.startswith(("https://", "http://", "mailto:")):
        return True
    name, _, anchor = link.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists() or ROOT not in path.parents:
        return False
    return not anchor or anchor in headings(path)


@cache
def headings(page: Path) -> set[str]:
    """The anchors of a page: those of its headings, as GitHub makes them, and those written out."""
    text = prose(page)
    titles = [line.lstrip("#").strip().lower() for line in text.splitlines() if line.startswith("#")]
    made = {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


def test_every_page_can_be_found() -> None:
    """Whoever starts at docs/index.md and follows links comes to every page."""
    seen, waiting = set[Path](), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
    assert sorted(set(DOCS.rglob("*.md")) - seen) == []


def test_commands_exist() -> None:
    """Every `invoke` command that a page names exists and takes the options that it is shown with."""

    def wrong(page: Path) -> Iterable[object]:
        code = [*re.findall(r"`([^`\n]+)`", prose(page))]
        code += [line for block in blocks(page) if block.language in {"bash", "yaml"} for line in block.lines]
        code += [command for block in blocks(page) if block.language == "console" for command, _ in commands(block)]
        for match in chain.from_iterable(map(_COMMAND.finditer, code)):
            shown = set(re.findall(r"(?<=\s)--[a-z-]+", match[2]))
            if match[1] not in namespace.task_names or not shown <= options(match[1]):
                yield match[0]

    assert wrong_in(PAGES, wrong) == []


def test_named_files_and_codes_exist() -> None:
    """A file of the repository that a page names is there, and so is a finding."""

    def wrong(page: Path) -> Iterable[object]:
        named = [code for code in re.findall(r"`([^`\n]+)`", prose(page)) if _FILE.fullmatch(code)]
        yield from (name for name in named if not (ROOT / name.partition("::")[0]).exists())
        yield from sorted(set(re.findall(r"\bFED\d{3}\b", page.read_text())) - known_codes())

    assert wrong_in(PAGES, wrong) == []


@cache
def known_codes() -> set[str]:
    """The codes that have a manual page."""
    return set(manual_pages())


@cache
def options(name: str) -> set[str]:
    """The long options of a task."""
    arguments = namespace[name].get_arguments()
    return {f"--{option}" for argument in arguments for option in argument.names if len(option) > 1} | {"--help"}


def test_no_page_names_a_machines_paths() -> None:
    """Pages hold for every machine."""
    assert wrong_in(ALL_PAGES, lambda page: _MACHINE.findall(page.read_text())) == []


def test_reference_pages_are_up_to_date() -> None:
    """docs/reference/ is what `invoke docs` would write."""
    written = {str(path.relative_to(REFERENCE)): path.read_text() for path in sorted(REFERENCE.rglob("*.md"))}
    assert written == dict(sorted(reference_pages().items())), "run `invoke docs`"


@pytest.mark.parametrize(
    ("mark", "ending"), [("first", "invoke plan"), ("second", "pytest -n 2")], ids=["first", "second"]
)
def test_readme_commands_can_be_cut_out(mark: str, ending: str) -> None:
    """CI cuts two commands out of README.md by the comments above them; each is one line that sets up and runs."""
    lines = (ROOT / "README.md").read_text().splitlines()
    at = lines.index(f"<!-- {mark} command -->")
    cut = lines[at + 1 : lines.index("```", at) + 1]
    assert (cut[0], len(cut), cut[-1]) == ("```bash", 3, "```")
    assert cut[1].startswith("python3 -m venv .venv && ")
    assert cut[1].endswith(f" && .venv/bin/{ending}")


def test_decisions_are_numbered_and_complete() -> None:
    """Decision records count on from 0001, and each says what was decided, why, and what follows."""
    records = sorted((DOCS / "adr").glob("*.md"))
    assert [path.name[:5] for path in records] == [f"{number:04}-" for number in range(1, len(records) + 1)]
    for path in records:
        titles = [line for line in prose(path).splitlines() if line.startswith("## ")]
        assert (path.name, titles) == (path.name, ["## Context", "## Decision", "## Consequences"])


def test_the_room_that_a_party_takes_is_the_one_told(plan_of: Callable[..., Any]) -> None:
    """What docs/deploy-on-kubernetes.md says of CPUs and memory are the sums of what a party's pods ask for."""
    page = DOCS / "deploy-on-kubernetes.md"
    text = next(block.text for block in blocks(page) if block.name == "federation.yaml" and block.verb == "file")
    large = re.sub(r"  components:.*\n(    .*\n)+", "", text)
    told = re.findall(r"(\d[.\d]*) CPUs? and\s(\d[.\d]*) GiB", " ".join(prose(page).split()))
    assert told == [room(plan_of(each).files()["party-9999"]) for each in (large, text)]


def room(files: Mapping[str, str]) -> tuple[str, str]:
    """CPUs and GiB that the pods of a site ask for."""
    cpu, memory = 0, 0
    for name, text in files.items():
        for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if name[0].isdigit() else ():
            if document["kind"] in {"Deployment", "StatefulSet"}:
                for container in document["spec"]["template"]["spec"]["containers"]:
                    asked = container["resources"]["requests"]
                    cpu += int(asked["cpu"].removesuffix("m"))
                    memory += int(asked["memory"][:-2]) * {"Mi": 1, "Gi": 1024}[asked["memory"][-2:]]
    return f"{cpu / 1000:g}", f"{memory / 1024:g}"


@pytest.mark.parametrize("image", sorted((DOCS / "images").glob("*.svg")), ids=lambda path: path.name)
def test_images_are_drawings_with_a_description(image: Path) -> None:
    """An image is well-formed SVG, says in words what it shows, and follows the reader's light or dark mode."""
    root = ET.fromstring(image.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.find(f"{space}title") is not None
    assert root.find(f"{space}desc") is not None
    assert "prefers-color-scheme: dark" in image.read_text()
