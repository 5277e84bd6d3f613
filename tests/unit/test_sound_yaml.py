"""YAML that nests without end, or stands for more than memory holds, ends as an error and not with the process."""

from __future__ import annotations

import pytest
import yaml

from renderers.sound_yaml import SoundLoader, UnsoundYamlError, documents

DEPTH = 400_000
DEEP = ("[" * DEPTH, '{"a":' * DEPTH, "- " * DEPTH, "-  " * DEPTH, "? " * DEPTH, "- ? " * DEPTH)


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:6])
def test_a_text_that_nests_without_end(text: str) -> None:
    """The quick loader would end the process."""
    with pytest.raises(UnsoundYamlError, match="it nests deeper than 64 levels"):
        documents(text.encode())
    with pytest.raises(yaml.YAMLError, match="it nests deeper"):
        yaml.load(text, Loader=SoundLoader)


def test_lines_that_nest_ever_further() -> None:
    text = "".join(f"{' ' * depth}a:\n" for depth in range(2000))
    with pytest.raises(UnsoundYamlError):
        yaml.compose(text, Loader=SoundLoader)


def test_what_people_write_is_read() -> None:
    text = "a: [1, {b: c}]\nd:\n- - e\n"
    assert yaml.load(text, Loader=SoundLoader) == {"a": [1, {"b": "c"}], "d": [["e"]]}
    assert documents(b"a: 1\n---\nb: 2\n") == ({"a": 1}, {"b": 2})


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "a: [b", "\x00", "a: 2001-99-99", "a: !!timestamp 5", "{[1]: 2}"])
def test_other_texts_are_refused_in_one_clause(text: str) -> None:
    """Never with a piece of the text, which may be a password."""
    with pytest.raises(UnsoundYamlError, match=r"^it (has an alias|is not YAML)"):
        documents(text.encode())
