"""The hand-written pages are true: what they print is what the commands print, what they show has no findings.

A page is read from top to bottom in a folder of its own, outside any git repository. What it says there:

- a ``console`` block holds commands (``$ invoke plan``), each followed by its exact output; `invoke` and `fedplan` run
  in this process, everything else in bash;
- ``<!-- file: NAME -->`` on the line above a block: the block is the content of that file;
- ``<!-- edit: NAME -->`` above a ``diff`` block: the lines with a blank or a minus are replaced by those with a blank
  or a plus;
- ``<!-- source: PATH -->``: the block stands like this in that file of the repository;
- ``<!-- fresh folder -->`` starts again in an empty folder, ``<!-- clone -->`` in a committed clone of the shipped
  example.

After a change of what the tool prints: ``FEDPLAN_UPDATE_DOCS=1 pytest tests/docs`` writes the new outputs into the
pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderers.commands import manual_pages
from renderers.documentation import reference_pages
from tasks import namespace, program

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    + [path for path in DOCS.rglob("*.md") if REFERENCE not in path.parents]
)
UPDATE = bool(os.environ.get("FEDPLAN_UPDATE_DOCS"))

_FENCE = re.compile(r"^( *)```([a-z]*)$")
_COMMENT = re.compile(r"^ *<!-- (file|edit|source): (\S+) -->$")
_MARK = re.compile(r"# (error|warning|info): (FED\d{3})")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_COMMAND = re.compile(r"\b(?:invoke|fedplan) ([a-z]+)((?: +-{0,2}[-A-Za-z0-9:./_]+)*)")
_FILE = re.compile(r"(?:planner|renderers|tests|docs|\.ci)/[-\w./:]+")
_MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|opt|home|root|Users)/")


def name_of(path: Path) -> str:
    """A page's path in the repository."""
    return str(path.relative_to(ROOT))


in_pages = pytest.mark.parametrize("page", PAGES, ids=name_of)
in_all_pages = pytest.mark.parametrize("page", [*PAGES, *sorted(REFERENCE.rglob("*.md"))], ids=name_of)


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands in it, and the comment on the line above it. `first` is its first line's index."""

    language: str
    lines: tuple[str, ...]
    indent: str
    first: int
    verb: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """The content."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass
class Folder:
    """Where the commands of a page run; `code` is the exit code of the last one."""

    path: Path
    code: int = 0
    count: int = field(default=0)

    def renew(self) -> None:
        """Go on in an empty folder."""
        self.count += 1
        self.code = 0
        self.path = self.path.parent / f"{self.count}"
        self.path.mkdir()
        os.chdir(self.path)

    def run(self, command: str) -> str:
        """Run one command line and give what it prints, standard error included."""
        own, _, rest = command.partition(" | ")
        words = shlex.split(own)
        if words[0] not in {"invoke", "fedplan"}:
            return self._bash(command)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                program.run(["fedplan", *words[1:]])
            except SystemExit as ended:
                self.code = int(ended.code or 0)
            else:
                self.code = 0
        return self._bash(rest, said.getvalue()) if rest else said.getvalue()

    def _bash(self, command: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.code})\n{command}"],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.path,
        )
        self.code = done.returncode
        return done.stdout

    def clone(self) -> None:
        """Make this a committed clone of the shipped example."""
        shutil.copy(ROOT / "federation.yaml", self.path)
        self.run("invoke plan")
        self.run("git init -q && git add . && git commit -qm plan")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """An empty folder outside any repository, without colours and without anybody's git settings."""
    (tmp_path / "gitconfig").write_text("[user]\nname = Coordinator\nemail = coordinator@example.com\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    made = Folder(tmp_path / "0")
    made.renew()
    return made


def parts(lines: list[str]) -> Iterator[Block | str]:
    """The fenced blocks of a page and its other lines, in order."""
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            yield lines[at]
            at += 1
            continue
        indent, language = fence[1], fence[2]
        end = next(number for number in range(at + 1, len(lines)) if lines[number] == f"{indent}```")
        comment = _COMMENT.match(lines[at - 1]) if at else None
        verb, name = (comment[1], comment[2]) if comment else ("", "")
        body = tuple(line.removeprefix(indent) for line in lines[at + 1 : end])
        yield Block(language, body, indent, at + 1, verb, name)
        at = end + 1


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    return (part for part in parts(page.read_text().splitlines()) if isinstance(part, Block))


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return "\n".join(part for part in parts(page.read_text().splitlines()) if isinstance(part, str))


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """The command lines of a console block, each with the output that is printed under it."""
    command, output = "", list[str]()
    for line in block.lines:
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(output)
            command, output = line[2:], []
        else:
            assert command, f"a console block begins with a command, not with {line!r}"
            output.append(line)
    yield command, "\n".join(output)


def edited(text: str, block: Block) -> str:
    """The text after the edit that a diff block shows."""
    before = "".join(f"{line[1:]}\n" for line in block.lines if line[:1] != "+")
    after = "".join(f"{line[1:]}\n" for line in block.lines if line[:1] != "-")
    assert text.count(before) == 1, f"the edit must fit in exactly one place:\n{before}"
    return text.replace(before, after)


def follow(lines: list[str], folder: Folder) -> dict[int, list[str]]:
    """Do what a page says; what each console block should hold, by the block's first line."""
    real: dict[int, list[str]] = {}
    for part in parts(lines):
        if part in {"<!-- fresh folder -->", "<!-- clone -->"}:
            folder.renew()
            if part == "<!-- clone -->":
                folder.clone()
        if isinstance(part, str):
            continue
        if part.verb == "file":
            (folder.path / part.name).parent.mkdir(parents=True, exist_ok=True)
            (folder.path / part.name).write_text(part.text)
        elif part.verb == "edit":
            path = folder.path / part.name
            path.write_text(edited(path.read_text(), part))
        elif part.language == "console":
            held: list[str] = []
            for command, _ in commands(part):
                held += [f"$ {command}", *folder.run(command).rstrip("\n").split("\n")]
                if not held[-1]:
                    held.pop()
            real[part.first] = held
    return real


@in_pages
def test_printed_outputs_are_real(page: Path, folder: Folder) -> None:
    """Every command in a console block prints exactly what the page shows."""
    lines = page.read_text().splitlines()
    real = follow(lines, folder)
    shown = {block.first: list(block.lines) for block in blocks(page) if block.language == "console"}
    if UPDATE and real != shown:
        rewrite(page, lines, real)
        return
    assert real == shown, "the page is out of date: FEDPLAN_UPDATE_DOCS=1 pytest tests/docs"


def rewrite(page: Path, lines: list[str], real: dict[int, list[str]]) -> None:
    """Put the real outputs into a page."""
    for block in sorted(blocks(page), key=lambda block: -block.first):
        if block.first in real:
            lines[block.first : block.first + len(block.lines)] = [
                f"{block.indent}{line}".rstrip() if not line else f"{block.indent}{line}" for line in real[block.first]
            ]
    page.write_text("\n".join(lines) + "\n")


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


@in_all_pages
def test_links_resolve(page: Path) -> None:
    """Links within the repository lead to files and headings that exist."""
    broken = [link for link in links(page) if not resolves(page, link)]
    assert broken == []


@in_pages
def test_quoted_code_is_real(page: Path) -> None:
    """A block that says which file of the repository it quotes stands there, letter by letter."""
    quoted = [block for block in blocks(page) if block.verb == "source"]
    assert [block.name for block in quoted if block.text not in (ROOT / block.name).read_text()] == []


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


@in_pages
def test_commands_exist(page: Path) -> None:
    """Every `invoke` command that a page names exists and takes the options that it is shown with."""
    code = [*re.findall(r"`([^`\n]+)`", prose(page))]
    code += [line for block in blocks(page) if block.language in {"bash", "yaml"} for line in block.lines]
    code += [command for block in blocks(page) if block.language == "console" for command, _ in commands(block)]
    named = [match for line in code for match in _COMMAND.finditer(line)]
    assert [match[0] for match in named if match[1] not in namespace.tasks] == []
    shown = [(match, option) for match in named for option in re.findall(r"(?<=\s)--[a-z-]+", match[2])]
    assert [match[0] for match, option in shown if option not in options(match[1])] == []


@in_pages
def test_named_files_and_codes_exist(page: Path) -> None:
    """A file of the repository that a page names is there, and so is a finding."""
    named = [code for code in re.findall(r"`([^`\n]+)`", prose(page)) if _FILE.fullmatch(code)]
    assert [name for name in named if not (ROOT / name.partition("::")[0]).exists()] == []
    assert set(re.findall(r"\bFED\d{3}\b", page.read_text())) <= set(manual_pages())


def options(name: str) -> set[str]:
    """The long options of a task."""
    arguments = namespace.tasks[name].get_arguments()
    return {f"--{option}" for argument in arguments for option in argument.names if len(option) > 1} | {"--help"}


@in_all_pages
def test_no_page_names_a_machines_paths(page: Path) -> None:
    """Pages hold for every machine."""
    assert _MACHINE.findall(page.read_text()) == []


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


@pytest.mark.parametrize("image", sorted((DOCS / "images").glob("*.svg")), ids=lambda path: path.name)
def test_images_are_drawings_with_a_description(image: Path) -> None:
    """An image is well-formed SVG, says in words what it shows, and follows the reader's light or dark mode."""
    root = ET.fromstring(image.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.find(f"{space}title") is not None
    assert root.find(f"{space}desc") is not None
    assert "prefers-color-scheme: dark" in image.read_text()
