"""The reference engine replaces kernels that cannot be compiled: with one warning, and with its own results."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.engines import choice, get_engine
from multilayer.engines.cpu import compiling, inference, shuffling
from multilayer.engines.cpu import engine as cpu_engine
from multilayer.engines.reference import ReferenceEngine
from multilayer.exceptions import EngineError, EngineWarning
from multilayer.selection import cross_validate

compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.fixture(autouse=True)
def _as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(choice, "_has_warned", False)
    load = choice._compiled_engine
    load.cache_clear()
    yield
    load.cache_clear()


def unknown_to_numba(*arguments: Any) -> None:
    """A function that no kernel can call."""
    raise NotImplementedError


@compiling.kernel
def broken(*arguments: Any) -> None:
    unknown_to_numba(arguments)
    object.__new__(arguments)


def fails(error: BaseException) -> Any:
    """Return a kernel whose compilation raises the error."""

    def descend(*arguments: Any) -> None: ...

    def find(signature: Any) -> Any:
        compilations.append(signature)
        raise error

    compilations: list[Any] = []
    kernel: Any = compiling.Kernel(descend)
    kernel._found = find
    kernel.compilations = compilations
    return kernel


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace all kernels by one that cannot be compiled."""

    def use(kernel: Any) -> None:
        monkeypatch.setattr(cpu_engine, "_kernel", lambda *_: kernel)
        for name in ("_DENSE", "_NORMALIZED", "_NARROW"):
            monkeypatch.setattr(inference, name, kernel)
        monkeypatch.setattr(shuffling, "shuffle_into", kernel)

    return use


def outputs(model: Any) -> list[Any]:
    """Return everything that an estimator computes with an engine."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
        found = [model.parameters_, model.predict(X), np.array(model.loss_curve_)]
        if hasattr(model, "predict_proba"):
            found.append(model.predict_proba(X))
    return [*found, [each for each in caught if issubclass(each.category, EngineWarning)]]


@compiled_only
@pytest.mark.parametrize("engine", ["auto", "cpu"])
@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_fallback_results_equal_those_of_the_reference_engine(
    engine: str, make: Any, solver: str, no_kernel: Any
) -> None:
    options = {"solver": solver, "max_iter": 8, "early_stopping": solver != "lbfgs", "random_state": 3}
    *expected, none = outputs(make((4,), engine="reference", **options))
    no_kernel(broken)
    *found, (warning,) = outputs(make((4,), engine=engine, **options))
    assert none == []
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    message = str(warning.message)
    assert message.startswith("the compiled engine cannot be used. The reference engine replaces it: it is slower")
    assert "the kernel broken cannot be compiled: TypeError: Signature mismatch" in message
    assert "\n" not in message
    assert warning.filename == __file__


ERRORS = [
    RuntimeError("LLVM"),
    AttributeError("_dynfunc"),
    ImportError("gone"),
    SystemError("x"),
    OSError(12, "no map"),
]


@compiled_only
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_training_continues_whatever_error_the_compilation_raises(error: Exception, no_kernel: Any) -> None:
    kernel = fails(error)
    no_kernel(kernel)
    *_, (warning,) = outputs(MLPClassifier((4,), max_iter=3, batch_size=7))
    assert f"{type(error).__name__}: {error}" in str(warning.message)
    assert len(kernel.compilations) == len(set(kernel.compilations))  # Numba would take seconds to fail again


@compiled_only
@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()], ids=repr)
def test_memory_errors_and_ctrl_c_are_not_failures_of_the_compiler(error: BaseException, no_kernel: Any) -> None:
    no_kernel(fails(error))
    with pytest.raises(type(error)):
        MLPClassifier((4,), max_iter=3).fit(X, y)


@compiled_only
def test_an_error_of_a_compiled_kernel_is_not_a_failure_of_the_compiler(no_kernel: Any) -> None:
    def call(*_: Any) -> None:
        raise IndexError("out of bounds")

    no_kernel(call)
    with pytest.raises(IndexError, match="out of bounds"):
        MLPClassifier((4,), max_iter=3).fit(X, y)


@compiled_only
def test_cross_validation_warns_once_of_the_fallback(no_kernel: Any) -> None:
    model = MLPClassifier((4,), max_iter=3, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        expected = cross_validate(model.set_params(engine="reference"), X, y, cv=3, n_jobs=2)
        no_kernel(broken)
        found = cross_validate(model.set_params(engine="auto"), X, y, cv=3, n_jobs=2)
    assert len([each for each in caught if issubclass(each.category, EngineWarning)]) == 1
    np.testing.assert_array_equal(found["test_score"], expected["test_score"])


@compiled_only
def test_engine_itself_raises_an_engine_error(no_kernel: Any) -> None:
    no_kernel(broken)
    problem = MLPClassifier((4,), max_iter=1, engine="reference")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.fit(X, y)
    for _ in range(2):
        with pytest.raises(EngineError, match=r"^the kernel broken cannot be compiled: TypeError: "):
            cpu_engine.CpuEngine().predict(problem.network_, problem.parameters_, X)


def test_a_warning_that_is_turned_into_an_error_is_raised_each_time() -> None:
    for _ in range(2):
        with pytest.raises(EngineWarning, match="Reason"):  # warnings are errors in tests
            choice.warn_of_fallback("Reason")


@pytest.mark.parametrize("name", ["auto", "cpu"])
def test_an_engine_that_cannot_be_loaded_is_replaced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "multilayer.engines.cpu.engine", None)
    with pytest.warns(EngineWarning, match=r"It cannot be loaded: ModuleNotFoundError: .*\. Set engine='reference'"):
        assert isinstance(get_engine(name), ReferenceEngine)
    assert isinstance(get_engine(name), ReferenceEngine)
    assert choice.shuffled(np.arange(5), np.random.RandomState(0), 2) is None


NO_NUMBA = [
    ("emscripten", "wasm32", (3, 13)),
    ("darwin", "x86_64", (3, 13)),
    ("win32", "ARM64", (3, 11)),
]
NUMBA = [
    ("linux", "x86_64", (3, 11)),
    ("darwin", "arm64", (3, 11)),
    ("win32", "ARM64", (3, 12)),
    ("win32", "AMD64", (3, 11)),
]


def simulate_platform(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, version: tuple[int, int]) -> None:
    monkeypatch.setattr(
        choice, "sys", SimpleNamespace(platform=system, version_info=(*version, 0), _getframe=sys._getframe)
    )
    monkeypatch.setattr(choice.platform, "machine", lambda: machine)


@pytest.mark.parametrize(("system", "machine", "version"), NO_NUMBA)
def test_auto_uses_the_reference_engine_without_a_warning_on_platforms_without_numba(
    system: str, machine: str, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "_compiled_engine", lambda: (None, "Numba cannot be imported: No module named 'numba'"))
    simulate_platform(monkeypatch, system, machine, version)
    assert isinstance(get_engine("auto"), ReferenceEngine)
    with pytest.warns(EngineWarning, match="No module named 'numba'"):
        assert isinstance(get_engine("cpu"), ReferenceEngine)


BROWSER = textwrap.dedent("""
    import sys, threading, warnings
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("numba", "llvmlite", "fcntl", "resource", "termios", "ssl", "_ssl"):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.meta_path.insert(0, Finder())
    def start(self):
        raise RuntimeError("can't start new thread")
    threading.Thread.start = start
    import numpy as np
    from multilayer import EnsembleClassifier, MLPClassifier
    from multilayer.exceptions import EngineWarning
    from multilayer.selection import cross_validate, search
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for engine, n_jobs in [("auto", 3), ("reference", 1)]:
            model = MLPClassifier((4,), max_iter=4, random_state=0, engine=engine)
            folds = cross_validate(model, X, y, cv=3, n_jobs=n_jobs)
            trials = search(model, {"alpha": [0.1, 0.01]}, X, y, cv=2, n_jobs=n_jobs)
            ensemble = EnsembleClassifier(model, 2, n_jobs=n_jobs, random_state=0).fit(X, y)
            outputs = [each.predict_proba(X) for each in (trials.estimator, ensemble, model.fit(X, y))]
            found.append([folds["test_score"], *outputs])
    for one, other in zip(*found):
        np.testing.assert_array_equal(one, other)
    (warning,) = [each for each in caught if issubclass(each.category, EngineWarning)]
    assert "Numba cannot be imported: No module named 'numba'" in str(warning.message)
    assert not {name.partition(".")[0] for name in sys.modules} & {"numba", "llvmlite"}
    print("done")
""")


def test_everything_trains_without_numba_and_without_threads() -> None:
    ran = subprocess.run([sys.executable, "-c", BROWSER], capture_output=True, text=True, timeout=300)
    assert ran.stdout.strip() == "done", ran.stderr


@pytest.mark.parametrize(("system", "machine", "version"), [*NO_NUMBA, *NUMBA])
def test_numba_is_a_dependency_on_platforms_that_it_supports(
    system: str, machine: str, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (numba,) = [each for each in map(Requirement, project["dependencies"]) if each.name == "numba"]
    assert numba.marker is not None
    simulate_platform(monkeypatch, system, machine, version)
    exists = (system, machine, version) in NUMBA
    python = ".".join(map(str, version))
    of_marker = {"sys_platform": system, "platform_machine": machine, "python_version": python}
    assert numba.marker.evaluate(of_marker) == choice._numba_exists_here() == exists
