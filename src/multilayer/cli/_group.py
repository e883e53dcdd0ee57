"""The ``multilayer`` command: its subcommands, and how errors become one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from multilayer import __version__
from multilayer.cli._tables import one_line
from multilayer.cli.cv import cv
from multilayer.cli.demo import demo
from multilayer.cli.search import search
from multilayer.cli.train import train
from multilayer.exceptions import MultilayerError

UNUSABLE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class _Group(click.Group):
    """A group whose errors are one line on stderr, and never a traceback for what a user passed in."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.Abort:
            # click has ended the line on which the terminal showed ^C.
            _fail("interrupted.", INTERRUPTED)
        except click.ClickException as error:
            _fail(_with_help(error), UNUSABLE)
        except (MultilayerError, OSError) as error:
            _fail(str(error), UNUSABLE)
        # click returns the code of --help and --version, and what the command returned otherwise.
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    click.echo(f"multilayer: {one_line(message)}", err=True)
    sys.exit(code)


def _with_help(error: click.ClickException) -> str:
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        end = "" if message.endswith((".", "?", "?)")) else "."
        message = f"{message}{end} See: {error.ctx.command_path} --help"
    return message


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    # Without a command: the help, and exit code 0.
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="multilayer", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Multilayer perceptrons for tables.

    \b
    Examples:
      multilayer demo                            the textbook's story
      multilayer demo --out demo                 ... with pictures and a report
      multilayer train houses.csv --target sold  a network for your own table
      multilayer cv houses.csv --target sold     how good such networks are
      multilayer search houses.csv --target sold which of them is the best
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cli.add_command(demo)
cli.add_command(train)
cli.add_command(cv)
cli.add_command(search)
