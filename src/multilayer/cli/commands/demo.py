"""``multilayer demo``: the textbook's story of the two moons."""

from __future__ import annotations

import click

from multilayer.cli.config import SETTINGS_FILE, ConfiguredCommand, settings_text
from multilayer.cli.console import Output
from multilayer.cli.folder import OutputFolder, prepared
from multilayer.cli.options import result_options
from multilayer.exceptions import InterruptedTrainingWarning

# The tests run it.
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


@click.command(cls=ConfiguredCommand, short_help="The textbook's story of the two moons, in under a minute.")
@result_options("pictures and report.html", printed="the closing table")
def demo(out: OutputFolder | None, quiet: bool) -> None:
    """Tell the textbook's story of the two moons, and apply the same estimator to real data.

    Trains a network of two hidden layers by gradient descent, first too briefly and then long enough, compares it with
    logistic regression, and cross-validates it. Nothing is downloaded; the figures are the same each time.

    \b
    Examples:
      multilayer demo              tell the story
      multilayer demo --out demo   ... and write pictures and demo/report.html
    """
    output = Output(quiet)
    with prepared(out):
        from multilayer.cli.commands.moons import Story, tell

        story = Story(output)
        with output.noting_warnings(_wording):
            tell(story)
        output.table(story.closing_table(), result=True)
        output.blank()
        if out is None:
            output.say("Nothing was written. With --out DIR there are pictures and a report.")
        else:
            out.write(SETTINGS_FILE, settings_text(click.get_current_context()))
            story.write(out, IN_PYTHON)


def _wording(warning: Warning) -> str:
    # The figures of a story with a chapter cut short would be wrong.
    if isinstance(warning, InterruptedTrainingWarning):
        raise KeyboardInterrupt
    return str(warning)
