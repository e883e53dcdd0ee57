"""scikit-learn's own tests of its multilayer perceptrons, run on ours."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from multilayer.exceptions import DivergenceError
from multilayer.training.schedules import Schedule, step_sizes

PRIVATE = "reaches into private attributes"
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"

# Every test that is left out, and why.
LEFT_OUT = {
    "test_fit": f"{PRIVATE}: builds a fitted network by hand (its example: test_their_example_worked_by_hand)",
    "test_gradient": f"{PRIVATE}: _loss_grad_lbfgs (our gradient check: tests/equations, tests/engines)",
}
# What four tests read from private attributes of scikit-learn's, and where we keep it; all else in them runs as it is.
TRANSLATED = {
    "clf._no_improvement_count": "clf._run.stop.stalled",
    "clf._optimizer.learning_rate": "next_step_size(clf)",
    "mlp._optimizer.learning_rate": "next_step_size(mlp)",
}
# Tests of what differs on purpose: the error with which ours ends instead, and why.
ENDS_WITH = {
    "test_mlp_diverging_loss": (
        DivergenceError,
        r"training diverged: .* in epoch \d+, update \d+, with step size 1\. Use a smaller step size",
        "a run that diverges ends at that update, with early stopping too: not after max_iter epochs of NaN",
    ),
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("default::scipy.sparse.SparseEfficiencyWarning"),
]


def next_step_size(model: Any) -> float:
    """The step size with which a network would go on: after its last epoch, as scikit-learn's optimiser holds it."""
    run, schedule = model._run, Schedule(model.learning_rate, model.power_t)
    return float(step_sizes(schedule, model.learning_rate_init, run.rows_seen, run.n_cuts, n_rows=1, n_epochs=1)[0])


def load() -> ModuleType:
    """Their module under another name, with our classes in place of theirs."""
    package = find_spec("sklearn.neural_network")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "tests" / "test_mlp.py"
    source = path.read_text(encoding="utf-8")
    assert source.count(IMPORT) == 1
    source = source.replace(IMPORT, "from multilayer import MLPClassifier, MLPRegressor\n")
    for theirs, ours in TRANSLATED.items():
        assert theirs in source
        source = source.replace(theirs, ours)
    module = ModuleType("scikit_learns_tests")
    sys.modules[module.__name__] = module
    vars(module)["next_step_size"] = next_step_size
    exec(compile(source, str(path), "exec"), vars(module))
    return module


THEIRS = {name: test for name, test in vars(load()).items() if name.startswith("test_")}
globals().update({name: test for name, test in THEIRS.items() if name not in LEFT_OUT | ENDS_WITH})


@pytest.fixture
def global_random_seed() -> int:
    return 42


@pytest.mark.parametrize("name", ENDS_WITH)
def test_what_differs_on_purpose_ends_with_an_error(name: str) -> None:
    error, message, _ = ENDS_WITH[name]
    with pytest.raises(error, match=message):
        THEIRS[name]()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out(name: str) -> None:
    assert name in THEIRS
    pytest.skip(LEFT_OUT[name])


def test_there_are_tests() -> None:
    assert len(THEIRS) >= 40
