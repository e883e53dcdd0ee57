"""What ``multilayer train`` writes: predictions, pictures and the report."""

from __future__ import annotations

import csv
import io

from multilayer.cli._classification import Classification, Problem, Settings, verdict
from multilayer.cli._columns import columns_table
from multilayer.cli._files import OutputFolder
from multilayer.cli._output import Output
from multilayer.cli._pictures import DrawnPicture, draw_pictures
from multilayer.cli._progress import waiting
from multilayer.cli._report import Section, html_report
from multilayer.cli._tables import count
from multilayer.cli._train_pictures import pictures_of
from multilayer.exceptions import MissingExtraError

# More probabilities a row than this, or a larger matrix, nobody reads.
_MOST_CLASSES = 20
_MOST_COLUMNS = 200


def write_all(
    problem: Problem, settings: Settings, result: Classification, folder: OutputFolder, output: Output
) -> None:
    """Predictions, pictures, report."""
    folder.write("predictions.csv", predictions(result))
    with waiting(output, "drawing"):
        try:
            pictures = draw_pictures(pictures_of(result))
        except MissingExtraError as error:
            output.note(f"the report is without pictures: {error}")
            pictures = []
    for picture in pictures:
        folder.write(f"{picture.name}.png", picture.png)
    folder.write("report.html", report(problem, settings, result, pictures))
    output.say("Written:")
    output.lines([str(path) for path in folder.written])


def predictions(result: Classification) -> str:
    """CSV: data row of the file (from 1), its class, the predicted class and the probability of each class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    probabilities = result.probabilities
    names = [f"p({label})" for label in result.classes]
    if len(names) > _MOST_CLASSES:
        names, probabilities = ["p"], probabilities.max(axis=1, keepdims=True)
    writer.writerow(["row", "actual", "predicted", *names])
    rows = (result.encoded.split.test + 1).tolist()
    columns = (rows, result.encoded.y_test.tolist(), result.predicted.tolist(), probabilities.tolist())
    for row, actual, predicted, chances in zip(*columns, strict=True):
        writer.writerow([row, actual, predicted, *(f"{chance:.6g}" for chance in chances)])
    return text.getvalue()


def report(problem: Problem, settings: Settings, result: Classification, pictures: list[DrawnPicture]) -> str:
    """The whole page."""
    network, split = result.network, result.encoded.split
    sizes = ", ".join(f"{size:,}" for size in network.network_.layer_sizes)
    data = [
        f"{problem.file.name}: {count(len(problem.info.y), 'row')}, of which {len(split.train):,} to train on and "
        f"{len(split.test):,} to test on. {problem.info.reason}",
        *(f"Note: {note}." for note in split.notes),
    ]
    training = (
        f"Layers of {sizes} units, {network.parameters_.size:,} weights, {count(network.n_iter_, 'epoch')} with step "
        f"size {settings.step_size:g}, regularisation {settings.alpha:g} and seed {settings.seed}. Columns were "
        "encoded with what the training rows hold; the test rows were used for nothing but the scores."
    )
    sections = [
        Section("Scores", [], [result.score, result.each_class]),
        Section("Data", data, [columns_table(result.encoded.encoder.columns_, _MOST_COLUMNS)]),
        Section("Training", [training], pictures=pictures),
        Section("The same in Python", code=in_python(problem, settings)),
    ]
    title = f"multilayer: {problem.target} in {problem.file.name}"
    return html_report(title, verdict(result.scores), sections)


def in_python(problem: Problem, settings: Settings) -> str:
    """The code that trains the same kind of network."""
    batch = "" if settings.batch_size == "auto" else f", batch_size={settings.batch_size!r}"
    ignored = f".drop_columns({list(problem.ignored)!r})" if problem.ignored else ""
    return f"""
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from multilayer import MLPClassifier
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

table = read_table({str(problem.file)!r}){ignored}
features, column = split_target(table, {problem.target!r})
y = encode_target(column, {problem.task!r}).y
train, test = train_test_split(
    np.arange(len(y)), test_size={settings.test_fraction!r}, stratify=y, random_state={settings.seed!r}
)
train, test = np.sort(train), np.sort(test)
network = MLPClassifier(
    {settings.hidden!r}, {settings.activation!r}, alpha={settings.alpha!r},
    learning_rate_init={settings.step_size!r}, max_iter={settings.epochs!r}, random_state={settings.seed!r}{batch},
)
model = make_pipeline(TableEncoder(dtype=np.float32), network)
model.fit(features.take(train), y[train])
print(model.score(features.take(test), y[test]))
"""
