"""Bounded reading of files the user names: never a block, never more memory than the limit, never a traceback."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from planner.checks.oversized_file import FAULT as OVERSIZED_FILE
from planner.checks.unreadable_file import FAULT as UNREADABLE_FILE
from planner.diagnostics import Diagnostic, Fault, Place, Span
from planner.source import quote

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 16 * 2**20
"""16 MiB. A federation of 10,000 parties takes about 0.3 MB."""


def read_bounded(path: Path, limit: int = MAX_BYTES) -> bytes | Diagnostic:
    """Read a regular file of at most `limit` bytes, or say in one sentence why not.

    Devices, pipes and sockets are refused before anything is read: reading them could wait for ever. A file that grows
    while it is read is refused as well.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for its other end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        return _unopened(path, error)
    try:
        with os.fdopen(descriptor, "rb", closefd=True) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return _unreadable(path, "is no regular file", "name a regular file")
            if status.st_size > limit:
                return _oversized(path, limit)
            data = file.read(limit + 1)
    except IsADirectoryError:
        return _directory(path)
    except OSError as error:
        return _unreadable(path, f"cannot be read ({_reason(error)})", "check the disk, or copy the file and try again")
    return _oversized(path, limit) if len(data) > limit else data


def _where_else(path: Path) -> str:
    """What to do about a file that is not there: the file of that name in a folder above may be meant."""
    for folder in path.absolute().parent.parents:
        if (folder / path.name).is_file():
            return f"there is one in {os.path.relpath(folder)}: run this there, or name it with `--file`"
    return "check the path, or let `invoke init` write a first one"


def _unopened(path: Path, error: OSError | ValueError) -> Diagnostic:
    match error:
        case FileNotFoundError():
            return _unreadable(path, "does not exist", _where_else(path))
        case IsADirectoryError():
            return _directory(path)
        case PermissionError():
            return _unreadable(path, "may not be read by you", "give yourself the right to read it")
        case OSError():
            return _unreadable(path, f"cannot be opened ({_reason(error)})", "check the path")
        case _:
            return _unreadable(path, "is no path (it holds a NUL character)", "check the path")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _directory(path: Path) -> Diagnostic:
    return _unreadable(path, "is a directory", "name the file inside it, usually federation.yaml")


def _unreadable(path: Path, what: str, hint: str) -> Diagnostic:
    return _diagnostic(UNREADABLE_FILE, f"{quote(path.name or str(path))} {what}", hint)


def _oversized(path: Path, limit: int) -> Diagnostic:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit} bytes"
    message = f"{quote(path.name or str(path))} is larger than {size}"
    return _diagnostic(OVERSIZED_FILE, message, "name the right file, or split the federation")


def _diagnostic(fault: Fault, message: str, hint: str) -> Diagnostic:
    return Diagnostic(fault, message, Place(span=Span(1, 1)), hint)
