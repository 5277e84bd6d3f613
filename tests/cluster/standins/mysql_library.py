"""Stands in for PyMySQL in the image of the stand-ins: it logs in to the stand-in of MySQL."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class OperationalError(Exception):
    """What MySQL refuses, with its number."""


class Cursor:
    """Gives the answer to `SELECT 1`, the only statement there is."""

    def execute(self, statement: str) -> None:
        """Take a statement."""
        assert statement == "SELECT 1"

    def fetchall(self) -> list[tuple[int]]:
        """The rows of the answer."""
        return [(1,)]


class Connection:
    """A login that was taken."""

    def cursor(self) -> Cursor:
        """A cursor."""
        return Cursor()


def connect(*, host: str, port: int, password: str, connect_timeout: float, **_: Any) -> Connection:
    """Log in."""
    url = f"http://{host}:{port}/?{urllib.parse.urlencode({'password': password})}"
    try:
        urllib.request.urlopen(url, timeout=connect_timeout).close()
    except urllib.error.HTTPError as error:
        raise OperationalError(1045, json.load(error)) from None
    except OSError as error:
        words = f"Can't connect to MySQL server on '{host}' ({error})"
        raise OperationalError(2003, words) from None
    return Connection()
