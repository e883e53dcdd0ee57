"""The same training in other libraries: a plain NumPy loop, scikit-learn, PyTorch, and JAX where it is installed.

Each function prepares a run and returns a function that makes ``n`` updates when called. All use the same rows in the
same batches, in the same dtype, and start from weights of the same size. None computes anything that the others do not
compute, except what its own loop does at each update (scikit-learn and multilayer also keep the cost). Each takes as
many threads as it takes by itself.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Run = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """A network and its data."""

    name: str
    sizes: tuple[int, ...]
    rows: int
    batch: int
    dtype: type = np.float32
    hidden: str = "relu"
    output: str = "softmax"
    solver: str = "adam"
    alpha: float = 1e-4
    step_size: float = 1e-3
    momentum: float = 0.0
    shuffle: bool = True

    def data(self) -> tuple[Any, Any]:
        """Return the rows and their classes; with one output unit there are two classes."""
        rng = np.random.RandomState(0)
        X = rng.standard_normal((self.rows, self.sizes[0])).astype(self.dtype)
        teacher = rng.standard_normal((self.sizes[0], self.sizes[-1]))
        Z = X @ teacher
        return X, Z.argmax(axis=1) if self.sizes[-1] > 1 else (Z[:, 0] > 0).astype(int)

    @property
    def updates_per_epoch(self) -> int:
        return -(-self.rows // self.batch)


def _one_hot(work: Work, y: Any) -> Any:
    """Return the classes as targets, (m, K)."""
    if work.sizes[-1] == 1:
        return y[:, np.newaxis].astype(work.dtype)
    return np.eye(work.sizes[-1], dtype=work.dtype)[y]


def numpy_loop(work: Work) -> Run:
    """Return the loop of the textbook as a direct NumPy program: full batch, sigmoid units, gradient descent."""
    X, y = work.data()
    Y = _one_hot(work, y)
    rng = np.random.RandomState(0)
    thetas = [rng.uniform(-0.5, 0.5, (n, k + 1)).astype(work.dtype) for k, n in itertools.pairwise(work.sizes)]

    def g(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def run(n: int) -> None:
        for _ in range(n):
            A = [X]
            for theta in thetas:
                A.append(g(np.c_[np.ones(len(X), work.dtype), A[-1]] @ theta.T))
            H = A[-1]
            -np.mean(np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H), axis=1))
            delta = H - Y
            for l in range(len(thetas) - 1, -1, -1):
                D = delta.T @ np.c_[np.ones(len(X), work.dtype), A[l]] / len(X)
                delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])
                thetas[l] -= work.step_size * D

    return run


def _fits(kind: Any, work: Work, y: Any, **more: Any) -> Run:
    """Return whole fits of an estimator with as many epochs as n updates need."""
    X, _ = work.data()
    model = kind(
        work.sizes[1:-1],
        solver=work.solver,
        alpha=work.alpha,
        batch_size=work.batch,
        learning_rate_init=work.step_size,
        momentum=work.momentum,
        shuffle=work.shuffle,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=0,
        **more,
    )

    def run(n: int) -> None:
        model.set_params(max_iter=max(1, n // work.updates_per_epoch))
        model.fit(X, y)

    return run


def ours(work: Work, callbacks: Iterable[Any] = ()) -> Run:
    from multilayer import MLPClassifier

    return _fits(
        MLPClassifier,
        work,
        work.data()[1],
        activation=work.hidden,
        output=work.output,
        callbacks=callbacks,
    )


def scikit_learn(work: Work) -> Run:
    from sklearn.neural_network import MLPClassifier

    y = work.data()[1]
    if work.output == "sigmoid" and work.sizes[-1] > 1:  # K binary outputs are called multilabel there
        y = _one_hot(work, y).astype(int)
    return _fits(MLPClassifier, work, y, activation={"sigmoid": "logistic"}.get(work.hidden, work.hidden))


def pytorch(work: Work) -> Run:
    import torch

    X, y = work.data()
    Y = torch.from_numpy(_one_hot(work, y))
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    units = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[work.hidden]
    layers: list[Any] = []
    for k, n in itertools.pairwise(work.sizes):
        layers += [torch.nn.Linear(k, n), units()]
    model = torch.nn.Sequential(*layers[:-1]).to(X.dtype)
    if work.output == "sigmoid":
        y, loss = Y, torch.nn.BCEWithLogitsLoss()
    else:
        loss = torch.nn.CrossEntropyLoss()
    if work.solver == "adam":
        # The L2 term as in the cost of the other libraries, in the optimiser; fused: one kernel for all weights.
        optimiser = torch.optim.Adam(
            model.parameters(), work.step_size, weight_decay=work.alpha / work.batch, fused=True
        )
    else:
        optimiser = torch.optim.SGD(
            model.parameters(), work.step_size, work.momentum, nesterov=work.momentum > 0, fused=True
        )
    starts = range(0, work.rows, work.batch)

    def run(n: int) -> None:
        done = 0
        while done < n:
            order = torch.randperm(work.rows) if work.shuffle and work.batch < work.rows else None
            for start in starts:
                rows = slice(start, start + work.batch) if order is None else order[start : start + work.batch]
                optimiser.zero_grad(set_to_none=True)
                loss(model(X[rows]), y[rows]).backward()
                optimiser.step()
                done += 1

    return run


def jax(work: Work) -> Run:
    """Return one jitted ``lax.scan`` over the batches of an epoch."""
    import jax as J
    import jax.numpy as jnp

    if work.dtype is np.float64:
        J.config.update("jax_enable_x64", True)
    X, y = work.data()
    Y = jnp.asarray(_one_hot(work, y))
    X = jnp.asarray(X)
    rng = np.random.RandomState(0)
    weights = [
        (jnp.asarray(rng.uniform(-0.3, 0.3, (k, n)).astype(work.dtype)), jnp.zeros(n, work.dtype))
        for k, n in itertools.pairwise(work.sizes)
    ]
    g = {"relu": J.nn.relu, "sigmoid": J.nn.sigmoid}[work.hidden]

    def cost(weights: Any, X: Any, Y: Any) -> Any:
        for W, b in weights[:-1]:
            X = g(X @ W + b)
        Z = X @ weights[-1][0] + weights[-1][1]
        if work.output == "sigmoid":
            J_ = jnp.mean(jnp.sum(jnp.logaddexp(0, Z) - Y * Z, axis=1))
        else:
            J_ = -jnp.mean(jnp.sum(Y * J.nn.log_softmax(Z), axis=1))
        return J_ + 0.5 * work.alpha / len(X) * sum(jnp.sum(W * W) for W, _ in weights)

    def step(state: Any, rows: Any) -> Any:
        weights, p, q, t = state
        J_, D = J.value_and_grad(cost)(weights, X[rows] if rows is not None else X, Y[rows] if rows is not None else Y)
        if work.solver == "sgd":
            return (J.tree.map(lambda w, d: w - work.step_size * d, weights, D), p, q, t), J_
        t = t + 1
        p = J.tree.map(lambda p, d: 0.9 * p + 0.1 * d, p, D)
        q = J.tree.map(lambda q, d: 0.999 * q + 0.001 * d * d, q, D)
        a = (work.step_size * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)).astype(work.dtype)
        weights = J.tree.map(lambda w, p, q: w - a * p / (jnp.sqrt(q) + 1e-8), weights, p, q)
        return (weights, p, q, t), J_

    zeros = J.tree.map(jnp.zeros_like, weights)
    gathers = work.batch < work.rows
    length = work.rows // work.batch if gathers else 100  # whole batches only: a scan needs batches of equal size

    @J.jit
    def epoch(state: Any, rows: Any) -> Any:
        if gathers:
            return J.lax.scan(step, state, rows)
        return J.lax.scan(lambda s, _: step(s, None), state, None, length=length)

    state = (weights, zeros, zeros, jnp.asarray(0.0, dtype=work.dtype))

    def run(n: int) -> None:
        nonlocal state
        for _ in range(max(1, n // length)):
            rows = None
            if gathers:
                rows = jnp.asarray(rng.permutation(work.rows)[: length * work.batch].reshape(length, work.batch))
            state, costs = epoch(state, rows)
        J.block_until_ready(costs)

    return run


MODULES = {"scikit-learn": "sklearn", "PyTorch": "torch", "JAX": "jax"}
PEERS = {"scikit-learn": scikit_learn, "PyTorch": pytorch, "JAX": jax}


def installed(names: Iterable[str] = PEERS) -> list[str]:
    """Return those of the named libraries that are installed."""
    return [name for name in names if importlib.util.find_spec(MODULES[name]) is not None]
