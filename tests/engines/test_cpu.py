"""The CPU engine fulfils the contract; its kernels are cached and run without a compiler, and BLAS threads are
limited.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from multilayer.engines import Engine, Objective, get_engine
from multilayer.engines.blas_threads import one_blas_thread
from multilayer.engines.cpu import compiling
from multilayer.engines.cpu.engine import CpuEngine
from multilayer.engines.cpu.folders import FOLDER, candidates
from multilayer.engines.cpu.functions import CALLABLE
from multilayer.engines.cpu.plan import CODES, make_plan
from multilayer.equations import ACTIVATIONS, Adam
from multilayer.network import Network

from ..living import living_objects
from .contract import EngineContract, draw, part, shuffled


class TestCpuEngine(EngineContract):
    is_slow = not compiling.COMPILED  # as Python functions, kernels take a hundred times as long

    @pytest.fixture
    def engine(self) -> Engine:
        return CpuEngine()


# --- compiling and the cache of kernels

# The smallest kernel of the engine, which is compiled in about a second.
SHUFFLE = textwrap.dedent("""
    import hashlib
    import numpy as np
    from multilayer.engines import shuffled
    from multilayer.engines.protocol import compilations_reported_to
    compiled = []
    print("ready", flush=True)
    input()
    with compilations_reported_to(compiled.append):
        orders = shuffled(np.arange(50), np.random.RandomState(0), 3)
    print(len(compiled), hashlib.sha256(orders.tobytes()).hexdigest())
""")


def with_cache(cache: Path) -> dict[str, str]:
    """Return the environment of a process that uses this folder as its only cache."""
    folders = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")
    return dict.fromkeys(folders, str(cache))


def start(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str]) -> list[str]:
    """Return the words that a process prints, once it has ended without an error."""
    out, err = process.communicate("\n", timeout=300)
    assert process.returncode == 0, err
    return out.split()


compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


@compiled_only
def test_kernels_are_loaded_from_disk_in_the_next_process_and_damaged_files_are_replaced(tmp_path: Path) -> None:
    environment = with_cache(tmp_path)
    together = [start(SHUFFLE, **environment) for _ in range(2)]  # with an empty cache
    for process in together:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in together:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    first, second = [output(process) for process in together]
    assert first[1] == second[1]
    assert "1" in (first[0], second[0])
    _, *again = output(start(SHUFFLE, **environment))
    assert again == ["0", first[1]]
    (kept,) = tmp_path.rglob("shuffle_into-*.kernel")
    kept.write_bytes(kept.read_bytes()[:1000])
    _, *again = output(start(SHUFFLE, **environment))
    assert again == ["1", first[1]]
    assert not list(tmp_path.rglob("*tmp*"))


TRAIN = textwrap.dedent("""
    from sklearn.datasets import load_iris
    from multilayer import MLPClassifier
    from multilayer.training import CompilationStarted
    X, y = (array[::5] for array in load_iris(return_X_y=True))
    events = []
    MLPClassifier((20,), max_iter=3, n_iter_no_change=None, random_state=0, callbacks=[events.append]).fit(X, y)
    print(sum(isinstance(event, CompilationStarted) for event in events), len(events) > 3)
""")


def test_training_without_a_compiler_compiles_nothing(tmp_path: Path) -> None:
    assert output(start(TRAIN, **with_cache(tmp_path), NUMBA_DISABLE_JIT="1")) == ["0", "True"]
    assert not list(tmp_path.rglob("*.kernel"))


UNCOMPILED = textwrap.dedent("""
    import sys
    sys.modules["numba"] = None  # as if it were not installed
    import numpy as np
    from multilayer.engines import Batches, Objective, get_engine, new_state
    from multilayer.engines.cpu import compiling
    from multilayer.engines.cpu.engine import CpuEngine
    from multilayer.equations import Adam
    from multilayer.network import Network, n_parameters
    assert not compiling.COMPILED and get_engine("auto").name == "reference"
    rng = np.random.RandomState(0)
    for sizes in [(3, 5, 2), (3, 18, 2)]:
        for activation in ["sigmoid", "relu", "gelu"]:
            network = Network(sizes, (activation,), "softmax")
            Y = np.eye(2)[rng.randint(0, 2, 7)]
            objective = Objective(network, rng.normal(size=(7, 3)), Y, 0.1, dropout=(0.1, 0.5), seed=1)
            P = rng.normal(size=n_parameters(network))
            batches = Batches(rng.permutation(7), np.array([0, 4]), np.array([4, 7]), np.full(2, 0.01))
            for dropout in [(), (0.1, 0.5)]:
                objective = Objective(network, objective.X, Y, 0.1, dropout=dropout, seed=1)
                states = []
                for engine in (CpuEngine(), get_engine("reference")):
                    state = new_state(network, Adam(), P.copy())
                    engine.descend(objective, Adam(), state, batches)
                    states.append(state.parameters)
                np.testing.assert_allclose(*states, rtol=1e-10, atol=1e-12)
                answers = [engine.predict(network, P, objective.X) for engine in (CpuEngine(), get_engine("reference"))]
                np.testing.assert_allclose(*answers)
    print("agreed")
""")


def test_kernels_are_plain_functions_where_numba_is_missing() -> None:
    assert output(start(UNCOMPILED)) == ["agreed"]


IN_TURN = textwrap.dedent("""
    import sys
    import numpy as np
    from multilayer.engines import Batches, Objective, get_engine, new_state
    from multilayer.engines.protocol import compilations_reported_to
    from multilayer.equations import Adam
    from multilayer.network import Network, n_parameters
    compiled = []
    for widest in map(int, sys.argv[1:]):
        network = Network((3, widest, 2), ("tanh",), "softmax")
        rng = np.random.RandomState(0)
        objective = Objective(network, rng.normal(size=(7, 3)), np.eye(2)[rng.randint(0, 2, 7)], 0.1)
        P = rng.normal(size=n_parameters(network))
        batches = Batches(rng.permutation(7), np.array([0, 4]), np.array([4, 7]), np.full(2, 0.01))
        states = [new_state(network, Adam(), P.copy()) for _ in range(2)]
        with compilations_reported_to(compiled.append):
            for state, engine in zip(states, ["cpu", "reference"]):
                get_engine(engine).descend(objective, Adam(), state, batches)
        np.testing.assert_allclose(states[0].parameters, states[1].parameters, rtol=1e-10, atol=1e-12)
    print(*compiled)
""")


@compiled_only
def test_a_kernel_loaded_from_disk_calls_its_own_functions(tmp_path: Path) -> None:
    # The first process leaves the kernel for wide layers on disk, unless an earlier test has: compiling it takes long.
    # The second compiles the other before it loads that.
    (tmp_path / FOLDER).mkdir(parents=True)
    for folder in candidates(os.environ.get("NUMBA_CACHE_DIR", "")):
        for file in folder.glob("descend-dense-*.kernel"):
            shutil.copy(file, tmp_path / FOLDER)
    assert output(start(IN_TURN, "18", **with_cache(tmp_path))) in ([], ["descend-dense"])
    assert output(start(IN_TURN, "5", "18", **with_cache(tmp_path))) == ["descend-narrow"]


@compiled_only
def test_kernels_and_compiled_functions_have_unique_names() -> None:
    kernels = [thing for thing in living_objects() if type(thing) is compiling.Kernel]
    of_this_engine = [each.py_func for each in kernels] + [implementation for _, _, implementation in CALLABLE]
    named: dict[str, set[int]] = {}
    for function in of_this_engine:
        if function.__module__.startswith("multilayer") and function.__name__ != "chosen":
            named.setdefault(f"{function.__module__}.{function.__qualname__}", set()).add(id(function))
    assert any(name.endswith("descend-narrow") for name in named)
    assert [name for name, functions in named.items() if len(functions) > 1] == []


# --- threads


def n_blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_blas_has_one_thread_inside_the_block_and_its_previous_number_afterwards() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = n_blas_threads()
        with one_blas_thread():
            assert n_blas_threads() == {1}
            with one_blas_thread():
                assert n_blas_threads() == {1}
            assert n_blas_threads() == {1}
        assert n_blas_threads() == before


def test_number_of_blas_threads_is_set_from_any_thread() -> None:
    seen: list[set[int]] = []

    def look() -> None:
        with one_blas_thread():
            seen.append(n_blas_threads())
        seen.append(n_blas_threads())

    with threadpool_limits(2, user_api="blas"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
        assert seen == [{1}, n_blas_threads()]


def test_overlapping_blocks_restore_the_number_of_blas_threads() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = n_blas_threads()
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with one_blas_thread():
                entered.set()
                leave.wait(30)

        other = threading.Thread(target=hold)
        with one_blas_thread():
            other.start()
            entered.wait(30)
        assert n_blas_threads() == {1}  # the other is still inside
        leave.set()
        other.join(30)
        assert n_blas_threads() == before


def test_an_error_inside_the_block_restores_the_number_of_blas_threads() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = n_blas_threads()
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            raise ZeroDivisionError
        assert n_blas_threads() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_results_do_not_depend_on_the_number_of_blas_threads(threads: int) -> None:
    problem = draw(Network((300, 100, 5), ("tanh",), "softmax"), 300, np.float32)
    batches = part(shuffled(300, 128, epochs=1), slice(3 if compiling.COMPILED else 1))
    expected = problem.state(Adam())
    CpuEngine().descend(problem.objective, Adam(), expected, batches)
    with threadpool_limits(threads, user_api="blas"):
        state = problem.state(Adam())
        CpuEngine().descend(problem.objective, Adam(), state, batches)
        np.testing.assert_array_equal(state.parameters, expected.parameters)


@pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="there is no fork, or Apple's BLAS does not survive it"
)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_train() -> None:
    problem = draw(Network((8, 32, 3), ("tanh",), "softmax"), 40)
    batches = shuffled(40, 16, epochs=2)
    expected = problem.state(Adam())
    CpuEngine().descend(problem.objective, Adam(), expected, batches)
    with one_blas_thread():  # the child starts while the parent is inside the block
        child = os.fork()
        if child == 0:
            status = 1
            try:
                state = problem.state(Adam())
                CpuEngine().descend(problem.objective, Adam(), state, batches)
                status = 0 if np.array_equal(state.parameters, expected.parameters) else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


# --- plans


def test_activation_codes_follow_the_order_of_the_table_of_activations() -> None:
    from multilayer.engines.cpu import activations

    assert {name: getattr(activations, name.upper()) for name in ACTIVATIONS} == CODES


@pytest.mark.parametrize("sizes", [(64, 100, 10), (784, 256, 10), (5, 5, 2), (1, 1)])
def test_block_size_depends_only_on_the_network(sizes: tuple[int, ...]) -> None:
    network = Network(sizes, ("relu",) * (len(sizes) - 2), "identity")
    given = Objective(network, np.empty((1, sizes[0])), np.empty((1, sizes[-1])))
    plans = [make_plan(network, given.X, np.float64, rows, given, stays=True) for rows in (0, 1, 7, 100, 10_000)]
    assert len({(plan.block, plan.least, plan.chunk) for plan in plans}) == 1


def test_auto_is_the_cpu_engine_where_a_compiler_is_available() -> None:
    assert get_engine("auto").name == ("cpu" if compiling.COMPILED else "reference")
    assert get_engine("cpu").name == "cpu"
