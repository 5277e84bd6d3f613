"""plan.json, the table of contents of `out/`: its text, its digest, and reading it back.

Version 1 is described by `planner/plan.schema.json`. The digest is the SHA-256 of the canonical JSON (keys sorted, no
blanks, UTF-8) of everything but itself: it tells a damaged or merged file, it is no signature.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
"""The only version of plan.json this program writes and reads."""
MAX_BYTES = 64 * 1024 * 1024
"""A plan.json above this size is neither written nor read."""
NAME = "plan.json"
"""File name of plan.json inside `out/`."""
SHARED = "."
"""Stands in the place of a site for the files that lie in `out/` itself, one set for the whole federation."""

_SITE = re.compile(r"[a-z0-9][-a-z0-9._]{0,199}")
_FILE_PART = re.compile(r"\.?[A-Za-z0-9_][-A-Za-z0-9._]{0,199}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RESERVED = (".fedplan-", ".git")
_FILE_PARTS = 2
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan.json that is whole: the document, and of each site the digests of its files."""

    document: Mapping[str, Any]
    files: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class BrokenPlan:
    """A plan.json that cannot be trusted: why (one clause), and the file names that could still be made out."""

    message: str
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def is_site_name(name: str) -> bool:
    """Tell whether a name can be the folder of a site: one path component that cannot leave `out/`."""
    return _SITE.fullmatch(name) is not None and not name.endswith(".") and name != NAME


def path_in_out(site: str, name: str) -> str:
    """The path of a site's file relative to `out/`."""
    return name if site == SHARED else f"{site}/{name}"


def site_of(path: str) -> tuple[str, str]:
    """The site and the file name of a path relative to `out/`; SHARED for a file in `out/` itself."""
    site, slash, name = path.partition("/")
    return (site, name) if slash else (SHARED, path)


def is_file_name(name: str) -> bool:
    """Tell whether a name can be a file of a site: at most one folder deep, neither git's nor a temporary name."""
    parts = name.split("/")
    return len(parts) <= _FILE_PARTS and all(
        _FILE_PART.fullmatch(part) is not None and not part.endswith(".") and not part.lower().startswith(_RESERVED)
        for part in parts
    )


def sha256(data: bytes) -> str:
    """Give the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest(document: Mapping[str, Any]) -> str:
    """Give the digest of a plan: of everything in it but the key `digest`.

    Raises ValueError for what JSON cannot hold (NaN, a lone surrogate).
    """
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return sha256(text.encode())


def dump(document: Mapping[str, Any]) -> str:
    """Write a plan as the text of plan.json, keys in the order given, with its digest at the end.

    Each site is a block with one line per key, so that a difference of two plans can be read.
    """
    lines = [f" {_json(key)}: {_json(value)}" for key, value in document.items() if key not in {"sites", "digest"}]
    blocks = ",\n".join(_block(site) for site in document["sites"])
    lines.append(f' "sites": [\n{blocks}\n ]' if blocks else ' "sites": []')
    lines.append(f' "digest": {_json(digest(document))}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse(data: bytes) -> PlanFile | BrokenPlan:
    """Read plan.json and prove that it is whole: JSON, of this version, names that stay in `out/`, its own digest."""
    if len(data) > MAX_BYTES:
        return BrokenPlan(f"plan.json is larger than {MAX_BYTES // 2**20} MiB")
    document = _document(data)
    if document is None:
        return BrokenPlan("plan.json is not a JSON object")
    files, fault = _files(document.get("sites"))
    if "files" in document:
        shared, wrong = _files([{"site": "shared", "files": document["files"]}])
        files[SHARED] = shared.get("shared", {})
        fault = fault or wrong
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        return BrokenPlan(f"plan.json has a version other than {VERSION}, the one this fedplan reads", files)
    if fault or not _is_whole(document):
        return BrokenPlan(fault or "plan.json does not match its own digest", files)
    return PlanFile(document, files)


def _document(data: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None for anything else, and for what is nested too deeply."""
    try:
        document = strictly(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _is_whole(document: Mapping[str, Any]) -> bool:
    """Tell whether a plan matches its own digest."""
    try:
        return digest(document) == document.get("digest")
    except (ValueError, RecursionError):
        return False


def _json(value: object) -> str:
    """Write one value on one line."""
    return _ENCODER.encode(value)


def _block(site: Mapping[str, Any]) -> str:
    """Write one site, a line per key."""
    return "  {\n" + ",\n".join(f"   {_json(key)}: {_json(value)}" for key, value in site.items()) + "\n  }"


def strictly(data: bytes) -> Any:
    """The data of JSON in UTF-8. Raises ValueError or RecursionError for others, and for what readers may doubt."""
    return json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a key that stands twice makes the file no JSON for us."""
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(name)


def _files(sites: object) -> tuple[dict[str, dict[str, str]], str]:
    """Collect the digests of every site's files, and say what is wrong with the list ("" when nothing is).

    Whatever is well formed is collected even when something else is not.
    """
    if not isinstance(sites, list):
        return {}, "plan.json has no list of sites"
    files: dict[str, dict[str, str]] = {}
    fault = ""
    for entry in sites:
        site = entry.get("site") if isinstance(entry, dict) else None
        listed = entry.get("files") if isinstance(entry, dict) else None
        if not isinstance(site, str) or not is_site_name(site) or not isinstance(listed, dict):
            fault = fault or "plan.json has a site without a proper name and files"
            continue
        if site in files:
            fault = fault or f"plan.json has the site {site} twice"
        good = {name: value for name, value in listed.items() if is_file_name(name) and _is_sha256(value)}
        if len(good) != len(listed):
            fault = fault or f"plan.json has a file of {site} without a proper name and digest"
        files.setdefault(site, {}).update(good)
    return files, fault


def _is_sha256(value: object) -> bool:
    """Tell whether a value is a SHA-256 in lower-case hexadecimal."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None
