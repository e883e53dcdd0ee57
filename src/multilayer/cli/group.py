"""The ``multilayer`` command: its subcommands, and the line and exit code of each error."""

from __future__ import annotations

import os
import re
import sys
import warnings
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import click

from multilayer import __version__
from multilayer.cli.commands.demo import demo
from multilayer.cli.commands.model import evaluate, export, inspect, predict
from multilayer.cli.commands.play import play
from multilayer.cli.commands.serve import serve
from multilayer.cli.commands.table import cv, search, train
from multilayer.cli.commands.warmup import warmup
from multilayer.cli.console import show_as_note
from multilayer.cli.limits import NO_ROOM, UnfinishedError
from multilayer.cli.options import OPTION_NAMES
from multilayer.cli.process import (
    GuardedStream,
    OutputLostError,
    guarded_streams,
    ignore_signals,
    open_missing_descriptors,
    watched_signals,
)
from multilayer.cli.text import one_line, shortened
from multilayer.exceptions import MultilayerError, named_as_options

FAILED = 1  # no memory, no time, no room for the output, an error in this program
UNUSABLE = 2
NO_READER = 141  # 128 + SIGPIPE, as shells have it
DEBUG_VARIABLE = "MULTILAYER_DEBUG"
_LONGEST_MESSAGE = 300  # characters of an error of usage, which quotes what was typed


class _Group(click.Group):
    """A group whose errors are one line on stderr, without a traceback."""

    def __call__(self, *args: Any, **extra: Any) -> Any:
        """Run as a program of its own."""
        if not extra.get("standalone_mode", True):
            return self.main(*args, **extra)
        open_missing_descriptors()
        code: Any = FAILED
        try:
            self.main(*args, **extra)
        except SystemExit as end:
            code = end.code
        finally:
            ignore_signals()
        if code not in (0, FAILED, UNUSABLE):
            # At once: the interpreter would wait for other threads, which may run compiled code.
            with suppress(Exception):
                sys.stdout.flush()
            os._exit(code)
        sys.exit(code)

    def main(self, *args: Any, **extra: Any) -> Any:
        is_program = extra.pop("standalone_mode", True)
        extra["standalone_mode"] = False
        with named_as_options(OPTION_NAMES):
            if not is_program:
                return super().main(*args, **extra)
            with watched_signals() as signals, guarded_streams() as out, warnings.catch_warnings():
                warnings.showwarning = show_as_note
                try:
                    # click returns the exit code of --help and --version, otherwise what the command returned.
                    returned: Any = super().main(*args, **extra)
                    out.flush()
                    code = returned if isinstance(returned, int) else 0
                except (Exception, KeyboardInterrupt) as error:
                    code, message = _outcome(error, signals.exit_code)
                    if message:
                        click.echo(f"multilayer: {one_line(message)}", err=True)
                code = signals.exit_code if signals.is_terminated else code or _code_of_output(out)
        sys.exit(code)


def _outcome(error: BaseException, exit_code_of_signals: int) -> tuple[int, str]:
    """The exit code and the line for an exception."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            # click has ended the line on which the terminal showed ^C.
            return exit_code_of_signals, "interrupted."
        case UnfinishedError():
            return FAILED, error.format_message()
        case click.ClickException():
            return UNUSABLE, _with_help(error)
        case OutputLostError():
            return 0, ""  # _code_of_output reads the state of the stream
        case MemoryError():
            details = f" ({text})" if (text := str(error).rstrip(".")) else ""
            return FAILED, f"out of memory{details}. Use a smaller network or fewer rows and columns."
        case MultilayerError():
            return UNUSABLE, str(error)
        case OSError():
            where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            return FAILED if error.errno in NO_ROOM else UNUSABLE, f"{where}{error.strerror or error}."
    if os.environ.get(DEBUG_VARIABLE):
        raise error
    return FAILED, (
        f"unexpected {type(error).__name__}: {error}. This is an error in multilayer, please report it; "
        f"{DEBUG_VARIABLE}=1 shows the traceback."
    )


def _code_of_output(out: GuardedStream) -> int:
    """The exit code that follows from the state of standard output, where all else went well."""
    if out.error is None:
        return 0
    if out.has_lost_its_reader:
        return NO_READER
    click.echo(
        f"multilayer: standard output cannot be written: {one_line(out.error.strerror or '').lower()}.", err=True
    )
    return FAILED


def _with_help(error: click.ClickException) -> str:
    if not isinstance(error, click.UsageError):
        return error.format_message()
    message = shortened(_usage(error), _LONGEST_MESSAGE)
    if error.ctx is None:
        return message
    return f"{message}{'' if message.endswith(('.', '?', '?)')) else '.'} See: {error.ctx.command_path} --help"


def _usage(error: click.UsageError) -> str:
    """An error of usage in the form of all others: what was wrong, what was received, and what to do."""
    params = [] if error.ctx is None else error.ctx.command.params
    match error:
        case click.MissingParameter():
            if error.param is not None and error.param.name == "model":
                return "MODEL is missing. Name a file that train --out or save_model has written."
            if isinstance(error.param, click.Option):
                return f"{error.param.opts[0]} is missing. Write it with one of its values."
            return "FILE is missing. Name a table in CSV or Parquet, or - for standard input."
        case click.BadParameter():
            name = error.param_hint or (error.param.opts[0] if error.param is not None else "")
            return f"{name}{'' if error.message.startswith('must ') else ':'} {error.message}"
        case click.NoSuchOption():
            known = [name for param in params for name in param.opts if name.startswith("--")]
            near = get_close_matches(error.option_name, known, 1, 0.7)
            return f"unknown option {error.option_name!r}.{f' Did you mean {near[0]!r}?' if near else ''}"
        case click.BadOptionUsage():
            if "requires" not in error.message:
                return f"{error.option_name} takes no value. Write {error.option_name} alone."
            return f"{error.option_name} needs a value, got none. Write it behind {error.option_name}."
    message = error.format_message()
    if found := re.match(r"Got unexpected extra arguments? \((.*)\)", message):
        return f"unexpected argument {found[1]!r}. Omit it, and quote names that contain blanks."
    if found := re.match(r"No such command '(.*?)'\.", message):
        near = get_close_matches(found[1], list(cli.commands), 1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(cli.commands)}."
        return f"unknown command {found[1]!r}. {remedy}"
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
      multilayer train houses.csv --target sold  a model of your own table
      multilayer cv houses.csv --target sold     cross-validation of such models
      multilayer search houses.csv --target sold a search for a better network
      multilayer train houses.csv --target sold --out houses
      multilayer predict houses/model.safetensors new.csv -o predictions.csv
      multilayer evaluate houses/model.safetensors june.csv
      multilayer serve houses/model.safetensors
      multilayer play                            the playground, in the browser

    \b
    Exit codes: 0 done; 1 no memory, no time or no room for the output; 2 wrong
    usage or unusable data; 130 Ctrl-C; 141 closed output; 143 SIGTERM.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (demo, train, cv, search, predict, evaluate, inspect, export, serve, play, warmup):
    cli.add_command(command)
