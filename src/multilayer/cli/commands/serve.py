"""The command ``serve``."""

from __future__ import annotations

from pathlib import Path

import click

from multilayer.cli.config import ConfiguredCommand
from multilayer.cli.options import POSITIVE, Count, ModelPath, option
from multilayer.cli.process import keep_running_without_reader


@click.command(cls=ConfiguredCommand, short_help="Answer requests for predictions over HTTP, with a page to try it.")
@click.argument("model", type=ModelPath())
@option(
    "--host",
    "ADDRESS",
    "The address to listen at; by default only programs of this machine reach it.",
    default="127.0.0.1",
)
@option("--port", "N", "The port; 0 for a free one.", default=8000, type=Count(0, 65_535))
@option(
    "--allow-host",
    "NAME",
    "A name by which the server is called, besides localhost and addresses; may be repeated; * for any.",
    destination="hosts",
    multiple=True,
)
@option("--max-rows", "N", "Rows of a request.", destination="most_rows", default=1_000, type=Count(1, 100_000))
@option(
    "--max-bytes",
    "N",
    "Bytes of a request.",
    destination="most_bytes",
    default=1_000_000,
    type=Count(100, 1_000_000_000),
)
@option(
    "--max-requests",
    "N",
    "Requests at a time; further ones are answered by 503.",
    destination="most_requests",
    default=256,
    type=Count(1, 100_000),
)
@option(
    "--timeout",
    "SECONDS",
    "Time to receive a request, and to answer it.",
    destination="seconds",
    default=30.0,
    type=POSITIVE,
)
@click.option(
    "--check", is_flag=True, help="Load the model and predict an example, which compiles its kernels; then end."
)
@click.option("--quiet", is_flag=True, help="Print notes and errors only.")
def serve(
    model: Path,
    host: str,
    port: int,
    hosts: tuple[str, ...],
    most_rows: int,
    most_bytes: int,
    most_requests: int,
    seconds: float,
    check: bool,
    quiet: bool,
) -> int:
    """Answer requests for predictions of MODEL, a file that train, cv, search or save_model has written.

    POST /predict takes rows in JSON and returns predictions; GET /schema describes both in JSON Schema; GET /health
    says whether the server works. GET / is a page with a form for the columns of the model, which shows the prediction
    of a row and its explanation. docs/how-to/serve.md describes all of them. Ctrl-C or SIGTERM ends the server when
    it has answered the requests that it has received.

    \b
    Examples:
      multilayer serve churn/model.safetensors
      curl -H 'Content-Type: application/json' http://127.0.0.1:8000/predict \\
        -d '{"rows": [{"age": 31, "town": "Ulm"}]}'
    """
    from multilayer.cli.console import Output
    from multilayer.cli.serving.limits import ServerLimits
    from multilayer.cli.serving.server import check_model, serve_model

    keep_running_without_reader()
    output = Output(quiet)
    limits = ServerLimits(most_rows, most_bytes, most_requests, seconds, hosts)
    if check:
        check_model(model, limits, output)
    else:
        serve_model(model, host, port, limits, output)
    return output.exit_code
