"""The command ``play``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from multilayer.cli.config import ConfiguredCommand
from multilayer.cli.options import Choice, Count, option, reading_options
from multilayer.cli.process import keep_running_without_reader


@click.command(cls=ConfiguredCommand, short_help="Watch and steer a network while it trains, in the browser.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@option("--target", "COLUMN", "The column of the table to predict; by default one that looks like it.")
@option(
    "--task",
    None,
    "What the target holds; auto decides by its values.",
    default="auto",
    type=Choice(["auto", "classification", "regression"]),
)
@reading_options
@option(
    "--port", "N", "The port; 0 for a free one. By default 8765, or a free one if it is in use.", type=Count(0, 65_535)
)
@click.option("--no-open", is_flag=True, help="Print the address without opening the page in the browser.")
@option(
    "--max-sessions",
    "N",
    "Pages that are open at a time; each trains a network of its own.",
    destination="most_sessions",
    default=16,
    type=Count(1, 1_000),
)
@option(
    "--max-bytes",
    "N",
    "Bytes of a table that is opened in the page.",
    destination="most_bytes",
    default=100_000_000,
    type=Count(1_000, 1_000_000_000),
)
@click.option("--quiet", is_flag=True, help="Print notes and errors only.")
def play(
    file: Path | None,
    target: str | None,
    task: str,
    port: int | None,
    no_open: bool,
    most_sessions: int,
    most_bytes: int,
    quiet: bool,
    **reading: str | None,
) -> int:
    """Open the playground, a page in the browser that shows a network while it trains.

    Without FILE it trains on two moons, and the page offers other shapes and tables. FILE is a table, such as .csv or
    .parquet, which is read as by multilayer train; or a lesson, a .toml file.

    Only programs of this machine that know the address reach the playground: it contains a secret. Ctrl-C or SIGTERM
    ends it with the networks of all pages; what is to be kept is saved in the page.

    \b
    Examples:
      multilayer play
      multilayer play houses.csv --target price
      multilayer play lesson.toml
      multilayer play --no-open --port 9000
    """
    from multilayer.cli.console import Output
    from multilayer.exceptions import named_as_options
    from multilayer.playground import PlaygroundLimits, play_source, serve_playground, workbench_factory

    keep_running_without_reader()
    output = Output(quiet)
    if target is not None and (file is None or file.suffix.lower() == ".toml"):
        raise click.UsageError("--target names a column of a table. Name the table as FILE, or omit --target.")
    with output.noting_warnings():
        make_bench = workbench_factory(play_source(file, target, task, _given(reading)))

    def announce(address: str) -> None:
        output.say("The playground; Ctrl-C ends it.")
        output.lines([address])

    limits = PlaygroundLimits(most_sessions, most_bytes)
    with named_as_options({}):  # the page has no options: its messages and its Python code use the same names
        serve_playground(make_bench, announce, port=port, opens_page=not no_open, limits=limits)
    output.say("Stopped.")
    return output.exit_code


def _given(reading: Mapping[str, str | None]) -> dict[str, str]:
    """Return the options of reading that were given."""
    return {name: value for name, value in reading.items() if value is not None}
