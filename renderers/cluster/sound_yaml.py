"""YAML from others, read without trusting it.

The quick loader of PyYAML takes the stack with it (a segmentation fault, no exception) when a text nests deep enough,
and aliases make a few lines stand for more than any memory holds. So a text is walked through first, which costs a
third of reading it.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 64
"""Levels of lists and mappings. A pod's template takes about fifteen."""


class UnsoundYamlError(ValueError):
    """What is wrong with a text, as a clause without anything of its contents."""


def documents(data: bytes, *, aliases: bool = False) -> tuple[Any, ...]:
    """The documents of a text. Raises UnsoundYamlError for one that is no YAML, or none that anybody writes.

    With `aliases` a value may stand for another one: a reader must then never write out what it was given.
    """
    try:
        _walk(data, aliases=aliases)
        return tuple(yaml.load_all(data, Loader=_LOADER))
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


def _walk(data: bytes, *, aliases: bool) -> None:
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
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
