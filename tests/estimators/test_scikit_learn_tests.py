"""scikit-learn's own tests of its multilayer perceptrons, run on ours."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier
from multilayer.exceptions import DivergenceError
from multilayer.training.schedules import Progress, Schedule, step_sizes

PRIVATE = "reaches into private attributes"
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"

# Every test that is left out, and why.
LEFT_OUT = {
    "test_fit": f"{PRIVATE}: builds a fitted network by hand (its example: test_their_example_worked_by_hand)",
    "test_gradient": f"{PRIVATE}: _loss_grad_lbfgs (our gradient check: tests/equations, tests/engines)",
}
# What four tests read from private attributes of scikit-learn's, and where we keep it; all else in them runs as it is.
TRANSLATED = {
    "clf._no_improvement_count": "clf._training_state.stop.stalled",
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
    run, schedule = model._training_state, Schedule(model.learning_rate, model.power_t)
    progress = Progress(run.rows_seen, n_rows=1, n_cuts=run.n_cuts)
    return float(step_sizes(schedule, model.learning_rate_init, progress, n_epochs=1)[0])


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


def test_their_example_worked_by_hand() -> None:
    """The numbers of their test_fit; the network is given by its Theta matrices instead of by private attributes."""
    model = MLPClassifier(
        2,
        "logistic",
        solver="sgd",
        learning_rate_init=0.1,
        alpha=0.1,
        momentum=0,
        initialization=[[[0.1, 0.1, 0.3, 0.5], [0.1, 0.2, 0.1, 0.0]], [[1.0, 0.1, 0.2]]],
    )
    X = [[0.6, 0.8, 0.7]]
    model.partial_fit(X, [0], classes=[0, 1])
    # They compare three decimals too: with more the rounding of the numbers along their way would show.
    expected = [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]]
    np.testing.assert_allclose(model.coefs_[0], expected, atol=1.5e-3)
    np.testing.assert_allclose(model.coefs_[1], [[0.04706], [0.154089]], atol=1.5e-3)
    np.testing.assert_allclose(model.intercepts_[0], [0.098333, 0.09626], atol=1.5e-3)
    np.testing.assert_allclose(model.intercepts_[1], [0.9235], atol=1.5e-3)
    assert model.predict_proba(X)[0, 1] == pytest.approx(0.739, abs=1.5e-3)


def test_there_are_tests() -> None:
    assert len(THEIRS) >= 40
