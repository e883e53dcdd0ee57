"""Options that hold more than a number or a word, checked before any file is read: callbacks of click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from multilayer.cli._files import OutputFolder

_NO_LAYER = "none"


class Fraction(click.FloatRange):
    """A number between 0 and 1.  NaN is neither below nor above any bound, and would pass a plain range."""

    def __init__(self) -> None:
        super().__init__(0, 1, min_open=True, max_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if number != number:
            self.fail("nan is not a number between 0 and 1.", param, ctx)
        return number


def read_hidden(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    """Sizes of hidden layers: ``64,64``; ``none`` for no hidden layer."""
    if value.strip() == _NO_LAYER:
        return ()
    sizes = []
    for part in (part.strip() for part in value.split(",")):
        size = int(part) if part.isascii() and part.isdigit() else 0
        if size < 1:
            raise click.BadParameter(
                f"{part!r} is not a whole number above 0. Write sizes such as 64,64, or none for no hidden layer"
            )
        sizes.append(size)
    return tuple(sizes)


def read_activation(_ctx: click.Context, _param: click.Parameter, value: str) -> str | tuple[str, ...]:
    """The name of an activation, or one a hidden layer: ``relu``, ``relu,tanh``."""
    from multilayer.equations import activation
    from multilayer.exceptions import ParameterError

    names = tuple(part.strip().lower() for part in value.split(","))
    for name in names:
        try:
            # scikit-learn's name for the sigmoid is not in the book.
            activation("sigmoid" if name == "logistic" else name)
        except ParameterError as error:
            raise click.BadParameter(str(error)) from None
    return names if len(names) > 1 else names[0]


def read_folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> OutputFolder | None:
    """The folder of ``--out``; nothing is made yet."""
    if value is None:
        return None
    if not value.strip():
        # Path("") is the current folder, which an unset variable of the shell does not mean.
        raise click.BadParameter("the name of the folder is empty")
    return OutputFolder(Path(value))
