"""How a hand-written page is read: from top to bottom, in a folder of its own, outside any git repository.

What a page says there:

- a ``console`` block holds commands (``$ invoke plan``), each followed by its exact output; `invoke` and `fedplan` run
  in this process, everything else in bash;
- ``<!-- cluster -->`` on the line above a ``console`` block: its commands need a cluster. They are followed by
  tests/cluster/test_documented_life_cycle.py and nowhere else. A line ``...`` there stands for lines that are left out;
- ``<!-- file: NAME -->`` on the line above a block: the block is the content of that file;
- ``<!-- edit: NAME -->`` above a ``diff`` block: the lines with a blank or a minus are replaced by those with a blank
  or a plus;
- ``<!-- source: PATH -->``: the block stands like this in that file of the repository;
- ``<!-- fresh folder -->`` starts again in an empty folder, ``<!-- clone -->`` in a committed clone of the shipped
  example.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks import program

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
CLUSTER = "cluster"
"""The verb of a block whose commands need a cluster."""

_FENCE = re.compile(r"^( *)```([a-z]*)$")
_COMMENT = re.compile(r"^ *<!-- (file|edit|source): (\S+) -->$")
_NEEDS_CLUSTER = re.compile(r"^ *<!-- cluster -->$")


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


def fresh_folder(path: Path, patch: pytest.MonkeyPatch) -> Folder:
    """An empty folder outside any repository, without colours and without anybody's git settings."""
    (path / "gitconfig").write_text("[user]\nname = Coordinator\nemail = coordinator@example.com\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        patch.delenv(name)
    patch.setenv("GIT_CONFIG_GLOBAL", str(path / "gitconfig"))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("GIT_CEILING_DIRECTORIES", str(path))
    patch.setenv("NO_COLOR", "1")
    patch.setenv("LC_ALL", "C.UTF-8")
    patch.chdir(path)
    made = Folder(path / "0")
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
        verb, name = _comment(lines[at - 1]) if at else ("", "")
        body = tuple(line.removeprefix(indent) for line in lines[at + 1 : end])
        yield Block(language, body, indent, at + 1, verb, name)
        at = end + 1


def _comment(line: str) -> tuple[str, str]:
    """What the line above a block says of it: the verb and a name."""
    if _NEEDS_CLUSTER.match(line):
        return CLUSTER, ""
    comment = _COMMENT.match(line)
    return (comment[1], comment[2]) if comment else ("", "")


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


Runner = Callable[[Block], list[str]]
"""Follows the commands of a block that needs a cluster; gives what the block should hold."""


def follow(lines: list[str], folder: Folder, on_cluster: Runner | None = None) -> dict[int, list[str]]:
    """Do what a page says; what each console block should hold, by the block's first line.

    Blocks that need a cluster are left out unless somebody can follow them.
    """
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
        elif part.verb == CLUSTER:
            if on_cluster is not None:
                real[part.first] = on_cluster(part)
        elif part.language == "console":
            held: list[str] = []
            for command, _ in commands(part):
                held += [f"$ {command}", *folder.run(command).rstrip("\n").split("\n")]
                if not held[-1]:
                    held.pop()
            real[part.first] = held
    return real


def rewrite(page: Path, lines: list[str], real: dict[int, list[str]]) -> None:
    """Put the real outputs into a page."""
    for block in sorted(blocks(page), key=lambda block: -block.first):
        if block.first in real:
            lines[block.first : block.first + len(block.lines)] = [
                f"{block.indent}{line}".rstrip() if not line else f"{block.indent}{line}" for line in real[block.first]
            ]
    page.write_text("\n".join(lines) + "\n")
