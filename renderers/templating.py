"""Jinja2, for text that has no data format of its own: properties, Markdown, a commented first federation.yaml."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template


@cache
def _environment() -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("renderers", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - nothing here is HTML
        auto_reload=False,  # a template stays as it is while we run
    )


def template(name: str) -> Template:
    """The template `name` under `renderers/templates/`; a value that it needs and is not given is an error."""
    return _environment().get_template(name)
