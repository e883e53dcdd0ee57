"""``multilayer warmup``: load or compile the machine code of networks before it is needed."""

from __future__ import annotations

from typing import Any

import click

from multilayer.cli.config import ConfiguredCommand
from multilayer.cli.console import Output
from multilayer.cli.options import option
from multilayer.cli.progress import waiting

_COMMON = ("dense", "narrow")
_OTHERS = ("normalized", "embedded", "embedded-normalized")
KINDS = (*_COMMON, *_OTHERS, *(f"{kind}-chosen" for kind in (*_COMMON, *_OTHERS)))
DTYPES = ("float32", "float64")


@click.command(cls=ConfiguredCommand, short_help="Compile now what the first training would compile.")
@option(
    "--kind",
    "KIND",
    "A kind of network: dense (layers of 16 units and more), narrow (fewer), normalized, embedded, "
    "embedded-normalized, each also with -chosen for a chosen cost, or all. May be repeated; by default dense and "
    "narrow.",
    "kinds",
    type=click.Choice([*KINDS, "all"]),
    multiple=True,
)
@option("--dtype", None, "The dtype of the data; by default both.", type=click.Choice(DTYPES))
@click.option("--quiet", is_flag=True, help="Print nothing.")
def warmup(kinds: tuple[str, ...], dtype: str | None, quiet: bool) -> None:
    """Load or compile the machine code of networks, so that no training waits for it.

    A wheel contains machine code for most processors, and then there is nothing to compile. Otherwise it is compiled
    once on a computer and stored in the cache: see NUMBA_CACHE_DIR in the README of the CPU engine. In a container
    image, run this command while the image is built.

    \b
    Examples:
      multilayer warmup                            the networks of most users
      multilayer warmup --kind all --dtype float64
    """
    output = Output(quiet)
    from multilayer import warmup as warm_up

    def show(result: Any) -> None:
        n = len(result.compiled)
        made = f"{n} {'kernel' if n == 1 else 'kernels'} compiled" if n else "nothing to compile"
        output.say(f"{result.kind}, {result.dtype}: {made}, {result.seconds:.1f} s")

    chosen = KINDS if "all" in kinds else kinds or _COMMON
    with waiting(output, "compiling for this machine, once"):
        warm_up(chosen, DTYPES if dtype is None else (dtype,), report=show)
