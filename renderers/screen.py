"""A part of a terminal that is written over while work goes on, and stays as it is at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RichCast
    from rich.live import Live
    from rich.table import Table


class Screen:
    """Draws something again whenever it has changed, and by itself as time goes on."""

    def __init__(self, stream: TextIO, drawn: RichCast) -> None:
        """Draw on `stream`, a terminal; nothing is drawn before it is shown."""
        self._stream = stream
        self._drawn = drawn
        self._live: Live | None = None

    def show(self) -> None:
        """Draw it as it is now."""
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(self._drawn, console=Console(file=self._stream), refresh_per_second=4)
            self._live.start()
        with suppress(OSError, ValueError):  # that nobody reads any more is no reason to stop midway
            self._live.refresh()

    def leave(self) -> None:
        """Draw it once more where it was shown, and leave the terminal to others."""
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.refresh()
                self._live.stop()
            self._live = None


def titled_table(title: str, *, has_header: bool) -> Table:
    """A table as wide as the terminal, below a title that is cut where it is too long."""
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(title, no_wrap=True, overflow="ellipsis"),
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
        show_header=has_header,
        expand=True,
    )
