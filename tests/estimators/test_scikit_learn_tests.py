"""scikit-learn's tests of its multilayer perceptrons, run on our estimators."""

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

# The excluded tests, with the reason.
EXCLUDED = {
    "test_fit": f"{PRIVATE}: sets the weights (its example: test_the_example_of_test_fit_is_reproduced)",
    "test_gradient": f"{PRIVATE}: _loss_grad_lbfgs (our gradient check: tests/equations, tests/engines)",
}
# Private attributes of scikit-learn that four tests read, and our equivalents; the rest of these tests is unchanged.
TRANSLATED = {
    "clf._no_improvement_count": "clf._training_state.stop.stalled",
    "clf._optimizer.learning_rate": "next_step_size(clf)",
    "mlp._optimizer.learning_rate": "next_step_size(mlp)",
}
# Tests of intended differences: the error that our estimators raise instead, its message, and the reason.
EXPECTED_ERRORS = {
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
    """Return the step size of the next epoch, which scikit-learn's optimiser stores after the last one."""
    run, schedule = model._training_state, Schedule(model.learning_rate, model.power_t)
    progress = Progress(run.rows_seen, n_rows=1, n_cuts=run.n_cuts)
    return float(step_sizes(schedule, model.learning_rate_init, progress, n_epochs=1)[0])


def load() -> ModuleType:
    """Load scikit-learn's test module with our classes in place of its own."""
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
globals().update({name: test for name, test in THEIRS.items() if name not in EXCLUDED | EXPECTED_ERRORS})


@pytest.fixture
def global_random_seed() -> int:
    return 42


@pytest.mark.parametrize("name", EXPECTED_ERRORS)
def test_tests_of_intended_differences_end_with_our_error(name: str) -> None:
    error, message, _ = EXPECTED_ERRORS[name]
    with pytest.raises(error, match=message):
        THEIRS[name]()


@pytest.mark.parametrize("name", EXCLUDED)
def test_excluded_tests_exist_in_scikit_learn(name: str) -> None:
    assert name in THEIRS
    pytest.skip(EXCLUDED[name])


def test_the_example_of_test_fit_is_reproduced() -> None:
    """The numbers are those of test_fit; Theta matrices set the weights instead of private attributes."""
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
    # scikit-learn also compares three decimals, because its expected values come from rounded numbers.
    expected = [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]]
    np.testing.assert_allclose(model.coefs_[0], expected, atol=1.5e-3)
    np.testing.assert_allclose(model.coefs_[1], [[0.04706], [0.154089]], atol=1.5e-3)
    np.testing.assert_allclose(model.intercepts_[0], [0.098333, 0.09626], atol=1.5e-3)
    np.testing.assert_allclose(model.intercepts_[1], [0.9235], atol=1.5e-3)
    assert model.predict_proba(X)[0, 1] == pytest.approx(0.739, abs=1.5e-3)


def test_scikit_learn_s_test_module_has_been_loaded() -> None:
    assert len(THEIRS) >= 40
