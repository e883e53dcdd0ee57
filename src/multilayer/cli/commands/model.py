"""The commands for a saved model: ``predict``, ``evaluate``, ``inspect`` and ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from multilayer.cli.config import SETTINGS_FILE, ConfiguredCommand, settings_text
from multilayer.cli.folder import OutputFolder
from multilayer.cli.options import Amount, Choice, ModelPath, option, reading_options, result_options, seed_option
from multilayer.cli.process import keep_running_without_reader

SHARE = Amount("a number between 0 and 1", min=0, max=1, min_open=True, max_open=True)


def read_output(_ctx: click.Context, _param: click.Parameter, value: str) -> Path | None:
    """The file to write; None for standard output."""
    from multilayer.cli.prediction.writing import extension_of

    if value == "-":
        return None
    if not value.strip():
        raise click.BadParameter("must be the name of a file, got an empty one. Write a name such as predictions.csv.")
    path = Path(value)
    extension_of(path)
    keep_running_without_reader()
    return path


def read_exported(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """The file to write; None for the default."""
    if value is not None and (not value.strip() or value == "-"):
        raise click.BadParameter(f"must be the name of a file, got {value!r}. Write a name such as model.onnx.")
    return None if value is None else Path(value)


@click.command(cls=ConfiguredCommand, short_help="Predict the rows of a file with a saved model.")
@click.argument("model", type=ModelPath())
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file to write, by its extension CSV, TSV (also .gz), Parquet or Arrow; - for CSV to standard output.",
    default="-",
    show_default=True,
    callback=read_output,
)
@click.option("--proba", "probabilities", is_flag=True, help="Write the probability of each class.")
@option(
    "--interval",
    "X",
    "Write the ends of intervals that hold a share X of the amounts, or sets that hold the right class.",
    destination="coverage",
    type=SHARE,
)
@click.option("--explain", "reasons", is_flag=True, help="Write the contribution of each column to the prediction.")
@option("--keep", "COLUMN", "A column of FILE to write too; may be repeated.", multiple=True)
@click.option("--keep-all", is_flag=True, help="Write all columns of FILE too.")
@reading_options
@click.option("--quiet", is_flag=True, help="Print no summary.")
def predict(
    model: Path,
    file: Path,
    output: Path | None,
    keep: tuple[str, ...],
    keep_all: bool,
    quiet: bool,
    probabilities: bool,
    coverage: float | None,
    reasons: bool,
    **reading: Any,
) -> int:
    """Predict each row of FILE with MODEL, a file that train, cv, search or save_model has written.

    FILE may be .csv, .tsv (also .gz), .parquet, .arrow or .feather, or - for standard input. It needs the columns that
    the model uses, in any order; further columns are ignored. It is read in batches, so that it may be larger than the
    memory, and the rows are written in their order, with the column "predicted". A gap or a new category is predicted
    as the model has learned to. Cells that cannot be read, new categories and rows far outside the training rows are
    counted in notes.

    \b
    Examples:
      multilayer predict churn/model.safetensors new.csv -o predictions.csv --proba
      multilayer predict houses/model.safetensors new.parquet --keep id --interval 0.9 -o prices.parquet
      gunzip -c new.csv.gz | multilayer predict churn/model.safetensors - > predictions.csv
    """
    from multilayer.cli.console import Output
    from multilayer.cli.prediction.predicting import predict_file
    from multilayer.cli.prediction.saved import SavedModel, Wanted
    from multilayer.cli.prediction.writing import table_writer
    from multilayer.cli.progress import waiting
    from multilayer.cli.text import count

    if keep and keep_all:
        raise click.UsageError("--keep-all writes all columns, and --keep some of them. Omit one of them.")
    printed = Output(quiet or output is None)
    saved = SavedModel.load(model)
    source = saved.source_of(file, reading)
    wanted = Wanted(probabilities, coverage, reasons)
    with table_writer(output) as writer, waiting(printed, "predicting"):
        n_rows = predict_file(saved, source, wanted, None if keep_all else list(dict.fromkeys(keep)), writer, printed)
    if output is not None:
        printed.say(f"Predicted {count(n_rows, 'row')}. Written:")
        printed.lines([str(output)])
    return printed.exit_code


@click.command(cls=ConfiguredCommand, short_help="Test a saved model on the rows of a file.")
@click.argument("model", type=ModelPath())
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@option("--target", "COLUMN", "The column that the model predicts; by default that of the training.")
@option("--id", "COLUMN", "The name of each row, shown with its prediction.")
@seed_option("Of the shuffled columns, for their importance.")
@reading_options
@result_options("predictions.csv, pictures and report.html")
def evaluate(
    model: Path,
    file: Path,
    target: str | None,
    id: str | None,
    seed: int,
    out: OutputFolder | None,
    quiet: bool,
    **reading: Any,
) -> int:
    """Test MODEL, a file that train, cv, search or save_model has written, on FILE, whose rows have the target.

    Scores stand with their standard errors beside the score of the training rows, out of fold. For a table model, the
    command also tells which columns have changed since the training, and by how much, and which columns matter. Cells
    that cannot be read, new categories and rows far outside the training rows are counted in notes, as by predict.

    \b
    Examples:
      multilayer evaluate churn/model.safetensors june.csv
      multilayer evaluate houses/model.safetensors sold.parquet --id address --out june
    """
    from multilayer.cli.console import Output
    from multilayer.cli.folder import prepared
    from multilayer.cli.prediction.evaluated import evaluate_file, print_evaluation
    from multilayer.cli.prediction.evaluation_files import write_evaluation
    from multilayer.cli.prediction.saved import SavedModel

    printed = Output(quiet)
    saved = SavedModel.load(model)
    if id is not None and id == (target or saved.card.get("target")):
        raise click.UsageError(f"--id {id} is the target, and cannot name the rows. Name another column.")
    with prepared(out):
        found = evaluate_file(saved, saved.source_of(file, {**reading, "target": target, "id": id}), seed, printed)
        print_evaluation(found, printed)
        if out is not None:
            out.write(SETTINGS_FILE, settings_text(click.get_current_context()))
            write_evaluation(found, out, printed)
    return printed.exit_code


@click.command(cls=ConfiguredCommand, short_help="Say what a model file holds, or how two differ.")
@click.argument("model", type=ModelPath())
@click.argument("other", type=ModelPath(), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, of two models a list.")
def inspect(model: Path, other: Path | None, as_json: bool) -> int:
    """Say what MODEL is: its kind and settings, its columns and their encoding, its networks, scores and cost by epoch.

    With OTHER, a second model, only the differences are printed.

    \b
    Examples:
      multilayer inspect churn/model.safetensors
      multilayer inspect may/model.safetensors june/model.safetensors
      multilayer inspect churn/model.safetensors --json
    """
    import json

    from multilayer.cli.console import Output
    from multilayer.cli.prediction.inspecting import facts_of, print_differences, print_facts

    output = Output()
    loaded, facts = facts_of(model)
    if other is None:
        if as_json:
            click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        else:
            print_facts(loaded, facts, output)
        return output.exit_code
    second = facts_of(other)[1]
    if as_json:
        click.echo(json.dumps([facts, second], indent=2, ensure_ascii=False))
    else:
        print_differences(facts, second, (str(model), str(other)), output)
    return output.exit_code


FORMS = {"onnx": ".onnx", "numpy": ".py", "c": ".h", "sql": ".sql"}
WEIGHTS = {"numpy": ("inside", "beside"), "c": ("float32", "int8")}


@click.command(
    cls=ConfiguredCommand, short_help="Write a saved model in another form: ONNX, Python with NumPy, C or SQL."
)
@click.argument("model", type=ModelPath())
@option(
    "--to",
    None,
    "The form: a graph of ONNX, a Python file that needs NumPy only, a C99 header, or a SQL query.",
    destination="form",
    required=True,
    type=Choice(list(FORMS)),
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file to write; by default named as MODEL, with another extension.",
    callback=read_exported,
)
@option(
    "--weights",
    None,
    "numpy: inside or beside the file, as .npz; c: float32 or int8.",
    type=Choice(["inside", "beside", "float32", "int8"]),
)
@option("--name", "NAME", "c: the prefix of all names; sql: the table of the rows.")
def export(model: Path, form: str, output: Path | None, weights: str | None, name: str | None) -> int:
    """Write MODEL in another form, in which it predicts without this library.

    The encoding of the columns is part of it: names, text, gaps and dates go in as they are.
    docs/how-to/export.md describes the inputs and outputs of each form, and how close the predictions are.

    \b
    Examples:
      multilayer export churn/model.safetensors --to onnx
      multilayer export churn/model.safetensors --to numpy -o churn.py
      multilayer export churn/model.safetensors --to c --weights int8 --name churn
      multilayer export churn/model.safetensors --to sql --name customers -o churn.sql
    """
    from multilayer.cli.console import Output
    from multilayer.cli.prediction.exporting import export_model

    if weights is not None and weights not in WEIGHTS.get(form, ()):
        known = " or ".join(WEIGHTS.get(form, ()))
        remedy = f"Pass {known}, or omit it." if known else "Omit it."
        raise click.UsageError(f"--weights {weights} is no choice of --to {form}. {remedy}")
    if name is not None and form not in ("c", "sql"):
        raise click.UsageError(f"--name has no effect with --to {form}. Omit it.")
    path = output or model.with_suffix(FORMS[form])
    printed = Output()
    export_model(model, form, path, weights, name)
    printed.say("Written:")
    printed.lines([str(path)])
    return printed.exit_code
