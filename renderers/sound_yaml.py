"""YAML that somebody else may have written, read without trusting it.

PyYAML's quick loader takes the whole process with it (a segmentation fault, no exception) when a text nests some ten
thousand levels deep, and aliases make a few lines stand for more than any memory holds.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]  # it does the same

_DEEPEST: Final = 64
"""Levels of lists and mappings. A pod's template takes about fifteen."""


_HARMLESS: Final = 4096
"""A text of so many characters cannot nest deep enough to do any harm."""
_SHORT_FORM: Final = re.compile(rb"-[ \t]+-|\?")
"""A list in a list on one line (`- - a`), or a key that may be a list (`? - a`)."""


class UnsoundYamlError(yaml.YAMLError, ValueError):
    """What is wrong with a text, as a clause without anything of its contents."""


class SoundLoader(_Loader):
    """The quick safe loader, for texts that nest as people's do; UnsoundYamlError for longer ones that do not."""

    def __init__(self, stream: str | bytes) -> None:
        """Look how deep the text nests, where it may be too deep."""
        if len(stream) > _HARMLESS and _may_be_deep(
            stream if isinstance(stream, bytes) else stream.encode(errors="replace")
        ):
            _walk(stream, aliases=True)
        super().__init__(stream)


def documents(data: bytes, *, aliases: bool = False) -> tuple[Any, ...]:
    """The documents of a text. Raises UnsoundYamlError for one that is no YAML, or none that anybody writes.

    With `aliases` a value may stand for another one: a reader must then never write out what it was given.
    """
    try:
        _walk(data, aliases=aliases)
        return tuple(yaml.load_all(data, Loader=_Loader))
    except (
        yaml.YAMLError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise error if isinstance(error, UnsoundYamlError) else UnsoundYamlError(_told(error)) from None


def _may_be_deep(text: bytes) -> bool:
    """Whether a text can nest deeper than is looked at: it takes as many brackets, blanks in a row, or short forms."""
    brackets = text.count(b"[") + text.count(b"{")
    return brackets > _DEEPEST or b" " * _DEEPEST in text or bool(_SHORT_FORM.search(text))


def _walk(text: str | bytes, *, aliases: bool) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                msg = f"it nests deeper than {_DEEPEST} levels"
                raise UnsoundYamlError(msg)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent) and not aliases:
            msg = "it has an alias (*), which nothing here needs"
            raise UnsoundYamlError(msg)


def _told(error: Exception) -> str:
    """Why a text is no YAML: the line, never the text of it."""
    mark = getattr(error, "problem_mark", None)
    return f"it is not YAML (line {mark.line + 1})" if mark is not None else "it is not YAML"
