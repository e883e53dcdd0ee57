"""scikit-learn's own tests of its multilayer perceptrons, run on ours."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

PRIVATE = "reaches into private attributes"
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"

# Every test that is left out, by name or by name and parameters, and why.
LEFT_OUT = {
    "test_fit": f"{PRIVATE}: builds a fitted network by hand (our step worked by hand: tests/equations)",
    "test_gradient": f"{PRIVATE}: _loss_grad_lbfgs (our gradient check: tests/equations, tests/engines)",
    "test_learning_rate_warmstart": f"{PRIVATE}: _optimizer (our schedules: tests/training/test_schedules.py)",
    "test_adaptive_learning_rate": f"{PRIVATE}: _optimizer (our schedules: tests/training/test_schedules.py)",
    "test_n_iter_no_change": f"{PRIVATE}: _no_improvement_count (our rule: tests/training/test_stopping.py)",
    "test_n_iter_no_change_inf": f"{PRIVATE}: _no_improvement_count (our rule: tests/training/test_stopping.py)",
    "test_nonfinite_params": "differs on purpose: a diverging run is a DivergenceError with another text",
    "test_mlp_diverging_loss": "differs on purpose: a diverging run is an error with early_stopping too",
    "test_preserve_feature_names[MLPClassifier]": "differs on purpose: fits a classifier to a single class",
    "test_predict_proba_multilabel": (
        "differs on purpose: logarithms of probabilities that have all rounded to 1 still differ, as their sums do"
    ),
    **{
        f"test_mlp_warm_start_no_convergence[{solver}-{name}]": (
            "differs on purpose: n_iter_no_change=inf asks for max_iter epochs, which are not warned of"
        )
        for solver in ("sgd", "adam")
        for name in ("MLPClassifier", "MLPRegressor")
    },
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("default::scipy.sparse.SparseEfficiencyWarning"),
]


def load() -> ModuleType:
    """Their module under another name, with our classes in place of theirs."""
    package = find_spec("sklearn.neural_network")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "tests" / "test_mlp.py"
    source = path.read_text(encoding="utf-8")
    assert source.count(IMPORT) == 1
    module = ModuleType("scikit_learns_tests")
    sys.modules[module.__name__] = module
    ours = source.replace(IMPORT, "from multilayer import MLPClassifier, MLPRegressor\n")
    exec(compile(ours, str(path), "exec"), vars(module))
    return module


THEIRS = {name: test for name, test in vars(load()).items() if name.startswith("test_")}
globals().update(THEIRS)


@pytest.fixture(autouse=True)
def _left_out(request: pytest.FixtureRequest) -> None:
    for name in (request.node.name, request.node.originalname):
        if name in LEFT_OUT:
            pytest.skip(LEFT_OUT[name])


@pytest.fixture
def global_random_seed() -> int:
    return 42


def test_what_is_left_out_is_there() -> None:
    assert {name.split("[")[0] for name in LEFT_OUT} <= THEIRS.keys()
    assert len(THEIRS) - len({name for name in LEFT_OUT if "[" not in name}) >= 30
