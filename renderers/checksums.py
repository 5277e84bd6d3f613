"""SHA256SUMS: the checksums of a folder's files, as `sha256sum --check` reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from planner.plan_json import sha256

SUMS: Final = "SHA256SUMS"
"""The file's name. A folder that has it is a bundle."""
_SUM: Final = re.compile(r"([0-9a-f]{64})  (\S(?:[^\n]*\S)?)")


def sums(files: Mapping[str, bytes]) -> str:
    """SHA256SUMS of files by path."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files))


def listed(text: str) -> Mapping[str, str] | None:
    """The digests in a SHA256SUMS by path; None where it is none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        matched = _SUM.fullmatch(line)
        if matched is None or matched[2] in found:
            return None
        found[matched[2]] = matched[1]
    return found or None


def unlike(files: Mapping[str, bytes], sums: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with the files of a bundle, file by file, as clauses; empty where all are as its sums say."""
    wrong = {name: "the file is missing" for name in sums if name not in files}
    for name in files:
        if name != SUMS and name not in sums:
            wrong[name] = "SHA256SUMS does not list this file"
        elif name != SUMS and sha256(files[name]) != sums[name]:
            wrong[name] = "the file is not the one that SHA256SUMS lists"
    return dict(sorted(wrong.items()))
