"""``multilayer demo``: the textbook's story on the two moons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from multilayer.cli._files import OutputFolder
from multilayer.cli._options import read_folder
from multilayer.cli._output import Output
from multilayer.exceptions import InterruptedTrainingWarning, MissingExtraError

if TYPE_CHECKING:
    from multilayer.cli._story import Story

# How to do the same in Python; the tests run it.
IN_PYTHON = """
from sklearn.datasets import make_moons
from multilayer import MLPClassifier
from multilayer.plots import plot_decision_boundary

X, y = make_moons(n_samples=1000, noise=0.1, random_state=0)
model = MLPClassifier(
    (5, 5), "sigmoid", output="sigmoid", initialization="notebook",
    solver="sgd", momentum=0, learning_rate_init=0.5, alpha=0,
    batch_size=500, shuffle=False, max_iter=5000,
    tol=0, n_iter_no_change=None, random_state=0,
)
model.fit(X[:500], y[:500])
print(model.score(X[500:], y[500:]))
print([theta.shape for theta in model.thetas_])
plot_decision_boundary(model, X, y).figure.savefig("boundary.png")
"""


@click.command(short_help="The textbook's story on the two moons, in under a minute.")
@click.option(
    "--out",
    metavar="DIR",
    callback=read_folder,
    help="Write pictures and report.html to this folder; it is made if it is not there.",
)
@click.option("--quiet", is_flag=True, help="Print the closing table only.")
def demo(out: OutputFolder | None, quiet: bool) -> None:
    """Tell the textbook's story on the two moons, and show the same estimator on real data.

    Trains a network of two hidden layers by gradient descent, first too briefly and then long enough, compares it with
    logistic regression, and cross-validates it. Nothing is downloaded; the figures are the same each time.

    \b
    Examples:
      multilayer demo              tell the story
      multilayer demo --out demo   ... and write pictures and demo/report.html
    """
    output = Output(quiet)
    if out is not None:
        out.prepare()

    from multilayer.cli._notes import notes_for_warnings
    from multilayer.cli._story import Story

    story = Story(output)
    with notes_for_warnings(output, _wording):
        _tell(story)
    output.table(story.closing_table(), result=True)
    output.blank()
    if out is None:
        output.say("Nothing was written. With --out DIR there are pictures and a report.")
    else:
        _write(story, out)


def _tell(story: Story) -> None:
    """All chapters."""
    from multilayer.cli import _chapters

    moons = _chapters.two_moons()
    _chapters.introduce(story, moons)
    short = _chapters.train_on_all(story, moons)
    long = _chapters.train_on_half(story, moons)
    _chapters.show_costs(story, short, long, len(moons.X))
    _chapters.cross_validate(story, moons)
    _chapters.read_digits(story)


def _write(story: Story, folder: OutputFolder) -> None:
    """The pictures and the report."""
    from multilayer.cli._progress import waiting
    from multilayer.cli._report import Section, html_report
    from multilayer.cli._report_parts import say_written

    with waiting(story.output, "drawing"):
        try:
            sections = story.sections(with_pictures=True)
        except MissingExtraError as error:
            story.output.note(f"the report is without pictures: {error}")
            sections = story.sections(with_pictures=False)
    for section in sections:
        for picture in section.pictures:
            folder.write(f"{picture.name}.png", picture.png)
    sections += [
        Section("All scores", tables=[story.closing_table()]),
        Section("The same in Python", code=IN_PYTHON),
    ]
    folder.write_report(html_report("multilayer: the two moons", story.lead, sections))
    say_written(folder, story.output)


def _wording(warning: Warning) -> str:
    # A story with a chapter cut short would tell wrong figures.
    if isinstance(warning, InterruptedTrainingWarning):
        raise KeyboardInterrupt
    return str(warning)
