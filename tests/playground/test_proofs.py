"""Proofs of weights, units and updates: three methods agree, terms sum to what they explain, and mistakes are found."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from multilayer.engines.protocol import Batches, Objective, new_state
from multilayer.engines.reference import ReferenceEngine
from multilayer.equations import (
    ACTIVATIONS,
    AbsoluteError,
    Adam,
    GradientDescent,
    Huber,
    Penalty,
    Quantile,
    SigmoidFocal,
    core,
    cost_and_gradient,
    dropout_masks,
)
from multilayer.equations.difference_quotients import four_point_quotient
from multilayer.exceptions import ParameterError
from multilayer.learn.bugs import BUGS
from multilayer.network import Network, n_parameters, pack, thetas
from multilayer.playground.proofs import NextBatch, NextUpdate, methods, prove_unit, prove_weight, trace_update
from multilayer.playground.proofs.methods import _steadiest

CONTINUED = [name for name in ACTIVATIONS if name != "gelu"]


def next_batch(
    sizes=(3, 4, 5, 2), hidden="tanh", output="sigmoid", *, m=40, seed=0, dtype=np.float64, cost=None, **rest
):
    rng = np.random.RandomState(seed)
    network = Network(sizes, (hidden,) * (len(sizes) - 2), output, cost)
    Y = np.eye(sizes[-1])[rng.randint(sizes[-1], size=m)] if output == "softmax" else rng.uniform(size=(m, sizes[-1]))
    X = rng.normal(size=(m, sizes[0]))
    objective_names = ("lam", "lam1", "sample_weight", "dropout", "seed")
    objective = Objective(
        network, X.astype(dtype), Y.astype(dtype), **{k: rest.pop(k) for k in objective_names if k in rest}
    )
    matrices = [rng.normal(size=(s, r + 1)) for r, s in itertools.pairwise(sizes)]
    rows = rng.permutation(m)[: m // 2]
    return NextBatch(objective, pack(network, matrices, dtype), rows, **rest)


def places(sizes, n=20, seed=0):
    rng = np.random.RandomState(seed)
    for _ in range(n):
        layer = rng.randint(1, len(sizes))
        yield layer, rng.randint(sizes[layer]), rng.randint(sizes[layer - 1] + 1)


def strict(answer):
    """Through JSON and back, as the page receives it."""
    return json.loads(json.dumps(answer, allow_nan=False))


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize("hidden", CONTINUED)
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_three_values_of_twenty_random_weights_agree(hidden, output, dtype):
    sizes = (3, 4, 5, 2)
    batch = next_batch(sizes, hidden, output, lam=0.3, dtype=dtype)
    for place in places(sizes):
        proof = prove_weight(batch, *place)
        assert [each.method for each in proof.values] == ["backpropagation", "central difference", "complex step"]
        assert proof.missing is None
        assert proof.values[2].error < 1e-12
        assert proof.values[1].error < 1e-7
        assert proof.error < 1e-7
        assert proof.derivative == pytest.approx(proof.values[0].value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("output", "cost"),
    [
        ("identity", AbsoluteError()),
        ("identity", Huber(0.5)),
        ("increasing", Quantile((0.1, 0.9))),
        ("sigmoid", SigmoidFocal(2.0)),
        ("exp", None),
    ],
)
def test_values_of_other_costs_agree(output, cost):
    batch = next_batch(output=output, cost=cost, lam=0.1, lam1=0.2, sample_weight=np.linspace(0.0, 2.0, 40))
    for place in places((3, 4, 5, 2), n=10):
        assert prove_weight(batch, *place).error < 1e-7


def test_error_is_relative_to_the_derivative_or_the_whole_gradient():
    batch = next_batch()
    _, D = cost_and_gradient(
        batch.objective.X[batch.rows], batch.objective.Y[batch.rows], thetas(batch.objective.network, batch.parameters),
        hidden="tanh",
    )  # fmt: skip
    scale = np.sqrt(np.mean(np.concatenate([d.ravel() for d in D]) ** 2))
    values = prove_weight(batch, 2, 1, 3).values
    for each in values[1:]:
        expected = abs(values[0].value - each.value) / max(abs(values[0].value), abs(each.value), scale)
        assert each.error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("column", [0, 2])
def test_terms_and_penalty_sum_to_the_derivative(column):
    batch = next_batch(lam=0.5, lam1=0.25, m=10, inputs=("a", "b", "c"))
    proof = prove_weight(batch, 1, 3, column)
    assert len(proof.terms) == proof.n_terms == 5
    assert sum(term.product for term in proof.terms) == pytest.approx(proof.sum, rel=1e-12)
    assert proof.derivative == pytest.approx(proof.sum / 5 + proof.penalty, rel=1e-12)
    assert proof.penalty == (
        0.0 if column == 0 else pytest.approx((0.5 * proof.value + 0.25 * np.sign(proof.value)) / 5)
    )
    for term in proof.terms:
        assert term.product == pytest.approx(term.delta * term.activation, rel=1e-12)
        assert term.activation == (1.0 if column == 0 else batch.objective.X[term.row, column - 1])
    assert (proof.source, proof.target) == ("bias" if column == 0 else "b", "unit 4 of layer 2")
    assert proof.name == f"Theta_1[3, {column}]"


def test_at_most_eight_terms_are_listed_and_they_are_the_largest():
    proof = prove_weight(next_batch(m=100), 2, 0, 1)
    assert len(proof.terms) == 8
    assert proof.n_terms == 50
    sizes = [abs(term.product) for term in proof.terms]
    assert sizes == sorted(sizes, reverse=True)
    everything = prove_weight(next_batch(m=16), 2, 0, 1)
    assert sum(term.product for term in everything.terms) == pytest.approx(everything.sum)


def test_weighted_rows_count_by_their_weights():
    weight = np.arange(40.0)
    batch = next_batch(sample_weight=weight, m=40)
    proof = prove_weight(batch, 1, 0, 1)
    assert proof.m == weight[batch.rows].sum()
    for term in proof.terms:
        assert term.weight == weight[term.row]
        assert term.product == pytest.approx(term.weight * term.delta * term.activation)
    assert proof.derivative == pytest.approx(proof.values[2].value, rel=1e-12)


def test_rows_of_weight_0_are_no_batch():
    with pytest.raises(ParameterError, match="all rows of the batch have weight 0"):
        prove_weight(next_batch(sample_weight=np.zeros(40)), 1, 0, 0)


@pytest.mark.parametrize("t", [None, 3])
def test_dropped_units_are_those_of_the_update(t):
    sizes, rates = (3, 4, 5, 2), (0.2, 0.5, 0.5)
    batch = next_batch(sizes, dropout=rates, seed=0, update=11, t=t)
    batch = replace(batch, objective=replace(batch.objective, seed=5))
    masks = dropout_masks(rates, 5, 11 if t is None else t, len(batch.rows), sizes)
    matrices = thetas(batch.objective.network, batch.parameters)
    _, D = cost_and_gradient(
        batch.objective.X[batch.rows], batch.objective.Y[batch.rows], matrices, hidden="tanh", masks=masks
    )
    for layer, row, column in places(sizes):
        proof = prove_weight(batch, layer, row, column)
        assert proof.values[0].value == pytest.approx(D[layer - 1][row, column], rel=1e-12)
        assert proof.derivative == pytest.approx(D[layer - 1][row, column], rel=1e-12, abs=1e-15)
        assert proof.error < 1e-7


def test_sparse_rows_are_proved_as_dense_ones():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    batch = next_batch()
    sparse = replace(batch, objective=replace(batch.objective, X=scipy_sparse.csr_matrix(batch.objective.X)))
    assert prove_weight(sparse, 1, 2, 3) == prove_weight(batch, 1, 2, 3)


class Cube:
    def g(self, z):
        return z**3

    def g_prime(self, z):
        return 3 * z**2


@pytest.mark.parametrize(
    ("hidden", "reason", "note"),
    [
        ("gelu", "NumPy has no error function of complex numbers", None),
        (Cube(), "custom activation", "may have a kink"),
    ],
)
def test_a_missing_complex_step_has_a_reason(hidden, reason, note):
    proof = prove_weight(next_batch((3, 4, 2), hidden), 1, 1, 1)
    assert len(proof.values) == 2
    assert reason in proof.missing
    assert "difference_quotient" not in proof.missing
    assert proof.missing.startswith("The complex step")
    assert (proof.values[1].note is None) if note is None else (note in proof.values[1].note)
    assert 0.0 < proof.error == proof.values[1].error < 1e-6


def test_a_difference_across_a_kink_is_noted_and_not_counted_as_an_error():
    network = Network((1, 1, 1), ("relu",), "identity")
    objective = Objective(network, np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]]))
    batch = NextBatch(objective, np.array([0.0, 1.0, 0.5, 2.0]), np.arange(2))
    proof = prove_weight(batch, 1, 0, 0)  # row 0 has the sum 0
    assert "cross a kink" in proof.values[1].note
    assert proof.values[1].error > 1e-3
    assert proof.error == proof.values[2].error < 1e-12


def test_a_weight_near_a_kink_gets_a_narrow_step_and_others_a_wide_one():
    network = Network((1, 1, 1), ("relu",), "identity")
    objective = Objective(network, np.array([[1.0]]), np.array([[1.0]]))
    steps = [
        prove_weight(NextBatch(objective, np.array([0.0, w, 0.5, 2.0]), np.arange(1)), 1, 0, 1).values[1]
        for w in (1.0, 1e-3, 1e-4, 4e-6)
    ]
    assert [each.step for each in steps] == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])
    assert all(each.note is None for each in steps)
    assert all(each.error < 1e-7 for each in steps)


def test_large_inputs_get_a_small_step():
    batch = next_batch()
    scaled = replace(batch, objective=replace(batch.objective, X=1000 * batch.objective.X))
    parameters = batch.parameters.copy()
    parameters[4:16] /= 1000  # the weights of the inputs; the biases precede them
    proof = prove_weight(replace(scaled, parameters=parameters), 1, 0, 1)
    assert proof.values[1].step < 1e-5
    assert proof.error < 1e-7


def test_a_strongly_curved_cost_gets_a_narrow_step():
    # The weight of 1000 between two units of tanh makes the cost a steep step of the weight before it.
    network = Network((1, 1, 1, 1), ("tanh", "tanh"), "identity")
    objective = Objective(network, np.array([[1.0]]), np.zeros((1, 1)))
    parameters = np.array([0.0, 0.5, 0.3 - 1000.0 * math.tanh(0.5), 1000.0, 0.1, 1.0])
    batch = NextBatch(objective, parameters, np.arange(1))
    assert prove_weight(batch, 3, 0, 1).values[1].step == 1e-3
    steep = prove_weight(batch, 1, 0, 1)
    assert steep.values[1].step < 1e-4
    assert steep.error < 1e-7


def test_the_steadiest_quotient_is_found_without_the_derivative():
    def quotient(h):
        return four_point_quotient(lambda x: math.sin(1000.0 * x), 0.2, h)

    value, step, change = _steadiest(quotient, 1e-2, scale=1.0)
    assert abs(value - 1000.0 * math.cos(200.0)) < 1e-5
    assert step < 1e-3
    assert change < 1e-7


def test_a_quotient_that_changes_with_every_step_has_a_note(monkeypatch):
    monkeypatch.setattr(methods, "difference_quotient", lambda *arguments: arguments[7])
    proof = prove_weight(next_batch(), 1, 1, 1)
    assert proof.values[1].note.startswith("The difference is inexact here")
    assert proof.error == proof.values[2].error < 1e-12


def test_a_weight_has_its_new_value():
    batch = next_batch()
    D = cost_and_gradient(
        batch.objective.X[batch.rows], batch.objective.Y[batch.rows], thetas(batch.objective.network, batch.parameters),
        hidden="tanh",
    )[1]  # fmt: skip
    after = stepped(batch, GradientDescent(), 0.5)
    proof = prove_weight(replace(batch, after=after), 2, 1, 3)
    assert (proof.update.rule, proof.update.step_size) == ("sgd", 0.5)
    assert proof.update.new_value == pytest.approx(proof.value - 0.5 * D[1][1, 3], rel=1e-12)
    assert prove_weight(batch, 2, 1, 3).update is None


def stepped(batch, rule, step_size):
    state = new_state(batch.objective.network, rule, batch.parameters.copy())
    starts = np.array([0])
    batches = Batches(np.asarray(batch.rows), starts, starts + len(batch.rows), np.array([step_size]))
    ReferenceEngine().descend(batch.objective, rule, state, batches)
    return NextUpdate("sgd", step_size, state.parameters)


# ---------------------------------------------------------------- programs with mistakes


@pytest.mark.parametrize("name", [name for name, bug in BUGS.items() if bug.gradient is not core.backpropagation])
def test_mistakes_of_the_gallery_are_found(name):
    output = "softmax" if name == "delta-of-another-cost" else "sigmoid"
    batch = next_batch((3, 3, 3, 3), "sigmoid", output, lam=0.5, gradient=BUGS[name].gradient)
    proofs = [prove_weight(batch, layer, 1, column) for layer in (1, 2, 3) for column in (0, 2)]
    assert max(proof.bug.error for proof in proofs) > 1e-4
    assert all(proof.error < 1e-7 for proof in proofs)


def test_a_wrong_line_made_by_hand_is_found_where_it_is():
    def doubled_bias(X, Y, thetas, lam, h):
        D = core.backpropagation(X, Y, thetas, lam, h)
        D[1][2, 0] *= 2
        return D

    batch = next_batch(hidden="sigmoid", gradient=doubled_bias)
    wrong, right = prove_weight(batch, 2, 2, 0), prove_weight(batch, 2, 2, 1)
    assert wrong.bug.value == pytest.approx(2 * wrong.derivative)
    assert wrong.bug.error > 0.1
    assert right.bug.error < 1e-9


def test_a_right_program_has_no_error_of_its_own_and_the_program_of_the_book_none():
    batch = next_batch(hidden="sigmoid", lam=0.4, gradient=core.backpropagation)
    proof = prove_weight(batch, 1, 0, 1)
    assert proof.bug.error < 1e-9
    assert proof.bug.value == pytest.approx(proof.derivative)
    assert prove_weight(replace(batch, gradient=None), 1, 0, 1).bug is None


def test_a_program_does_not_change_the_weights():
    def greedy(X, Y, thetas, lam, h):
        for theta in thetas:
            theta[...] = 0.0
        return core.backpropagation(X, Y, thetas, lam, h)

    batch = next_batch(hidden="sigmoid", gradient=greedy)
    before = batch.parameters.copy()
    proof = prove_weight(batch, 1, 0, 1)
    np.testing.assert_array_equal(batch.parameters, before)
    assert proof.error < 1e-7


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"hidden": "tanh"}, "it needs sigmoid hidden units"),
        ({"hidden": "sigmoid", "output": "exp"}, "it needs sigmoid, softmax or identity outputs"),
        ({"hidden": "sigmoid", "output": "identity", "cost": Huber(1.0)}, "with the matching cost"),
        ({"hidden": "sigmoid", "lam1": 0.1}, "no dropout and no L1 penalty"),
        ({"hidden": "sigmoid", "dropout": (0.0, 0.5, 0.0)}, "no dropout and no L1 penalty"),
        ({"hidden": "sigmoid", "sample_weight": np.ones(40)}, "rows of equal weight"),
    ],
)
def test_programs_that_cannot_run_the_problem_raise_errors(rest, message):
    with pytest.raises(ParameterError, match=message):
        next_batch(gradient=core.backpropagation, **rest)


def test_shapes_that_a_program_cannot_multiply_raise_errors():
    batch = next_batch((3, 4, 5, 2), "sigmoid", gradient=BUGS["transposed-matrix"].gradient)
    with pytest.raises(ParameterError, match="the program cannot compute the gradient of this network"):
        prove_weight(batch, 1, 0, 0)


# ---------------------------------------------------------------- units


@pytest.mark.parametrize("hidden", ["sigmoid", "relu", "gelu"])
@pytest.mark.parametrize("layer", [2, 3])
def test_terms_of_a_hidden_unit_sum_to_its_numbers(hidden, layer):
    batch = next_batch(hidden=hidden, inputs=("a", "b", "c"), outputs=("yes", "no"))
    for sample in (int(batch.rows[3]), int(np.setdiff1d(np.arange(40), batch.rows)[0])):
        proof = prove_unit(batch, layer, 1, sample)
        trace = trace_update(batch, sample)
        assert sum(term.product for term in proof.terms) == pytest.approx(proof.z, rel=1e-12, abs=1e-15)
        assert proof.a == pytest.approx(ACTIVATIONS[hidden].g(np.array([proof.z]))[0])
        total = sum(term.product for term in proof.delta_terms)
        assert proof.delta == pytest.approx(total * proof.slope, rel=1e-12, abs=1e-15)
        assert (proof.z, proof.a, proof.delta) == pytest.approx(
            (trace.Z[layer - 2][1], trace.A[layer - 1][1], trace.delta[layer - 2][1])
        )
        names = [term.name for term in proof.terms]
        assert names[:2] == ["bias", "a" if layer == 2 else "unit 1 of layer 2"]
        assert proof.delta_terms[0].name == ("unit 1 of layer 3" if layer == 2 else 'output "yes"')
        assert (proof.activation, proof.mask, proof.target, proof.equation) == (hidden, None, None, "B2")


def test_an_output_unit_has_its_target_and_the_delta_of_its_cost():
    batch = next_batch()
    row = int(batch.rows[0])
    proof = prove_unit(batch, 4, 1, row)
    assert proof.name == "output 2"
    assert proof.delta == pytest.approx(proof.a - proof.target)
    assert proof.target == batch.objective.Y[row, 1]
    assert proof.a == pytest.approx(1 / (1 + np.exp(-proof.z)))
    assert (proof.delta_terms, proof.slope, proof.mask, proof.equation) == ((), None, None, "B1")


def test_a_unit_with_dropout_has_its_mask_in_the_batch_and_none_outside():
    batch = next_batch(dropout=(0.0, 0.5, 0.5), m=40)
    masks = set()
    for row in batch.rows:
        proof = prove_unit(batch, 2, 1, int(row))
        masks.add(proof.mask)
        total = sum(term.product for term in proof.delta_terms)
        assert proof.delta == pytest.approx(total * proof.slope * proof.mask, abs=1e-15)
        assert trace_update(batch, int(row)).A[1][1] == pytest.approx(proof.a * proof.mask)
    assert masks == {0.0, 2.0}
    outside = int(np.setdiff1d(np.arange(40), batch.rows)[0])
    assert prove_unit(batch, 2, 1, outside).mask is None


# ---------------------------------------------------------------- traces


def test_a_trace_has_the_numbers_of_the_equations():
    batch = next_batch(lam=0.3, lam1=0.1, update=7)
    objective, matrices = batch.objective, thetas(batch.objective.network, batch.parameters)
    J, D = cost_and_gradient(objective.X[batch.rows], objective.Y[batch.rows], matrices, Penalty(0.3, 0.1), "tanh")
    trace = trace_update(batch)
    assert (trace.update, trace.sample, trace.n_batch, trace.is_in_batch) == (7, batch.rows[0], 20, True)
    assert trace.batch == batch.rows.tolist()
    assert trace.batch_cost == pytest.approx(J, rel=1e-14)
    costs = [trace_update(batch, int(row)).cost for row in batch.rows]
    assert np.mean(costs) + trace.regularization == pytest.approx(J, rel=1e-12)
    for found, expected in zip(trace.D, D, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(trace.x, objective.X[batch.rows[0]])
    np.testing.assert_array_equal(trace.A[0], trace.x)
    np.testing.assert_array_equal(trace.y, objective.Y[batch.rows[0]])
    for k, theta in enumerate(matrices):
        np.testing.assert_allclose(trace.Z[k], theta[:, 0] + theta[:, 1:] @ trace.A[k], rtol=1e-12)
    np.testing.assert_allclose(trace.delta[-1], trace.A[-1] - trace.y, rtol=1e-12)
    assert [len(each) for each in (trace.Z, trace.A, trace.delta, trace.D)] == [3, 4, 3, 3]


def test_deltas_of_all_rows_make_the_gradient():
    batch = next_batch()
    traces = [trace_update(batch, int(row)) for row in batch.rows]
    for k, D in enumerate(traces[0].D):
        mean = np.mean([np.outer(trace.delta[k], [1.0, *trace.A[k]]) for trace in traces], axis=0)
        np.testing.assert_allclose(mean, D, rtol=1e-10, atol=1e-14)


def test_a_trace_lists_at_most_fifty_rows():
    trace = trace_update(next_batch(m=200), sample=None)
    assert (len(trace.batch), trace.n_batch) == (50, 100)


def test_a_row_outside_the_batch_is_traced_beside_it():
    batch = next_batch(dropout=(0.0, 0.5, 0.5))
    outside = int(np.setdiff1d(np.arange(40), batch.rows)[0])
    trace, inside = trace_update(batch, outside), trace_update(batch)
    assert not trace.is_in_batch
    assert trace.masks is None
    assert [mask.tolist() for mask in inside.masks] != [[1.0] * 3, [1.0] * 4, [1.0] * 5]
    assert trace.batch_cost == inside.batch_cost
    for a, b in zip(trace.D, inside.D, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_step_is_what_the_engine_changes(dtype):
    batch = next_batch(dtype=dtype, dropout=(0.0, 0.3, 0.3), update=0)
    after = stepped(batch, Adam(), 0.01)
    trace = trace_update(replace(batch, after=after))
    for step, old, new in zip(
        trace.step,
        thetas(batch.objective.network, batch.parameters),
        thetas(batch.objective.network, after.parameters),
        strict=True,
    ):
        np.testing.assert_allclose(old + step, new, rtol=1e-6)
    plain = trace_update(replace(batch, after=stepped(batch, GradientDescent(), 0.5)))
    for step, D in zip(plain.step, plain.D, strict=True):
        np.testing.assert_allclose(
            step, -0.5 * D, rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-6 if dtype == np.float32 else 1e-14
        )
    assert trace_update(batch).step is None


def test_a_program_with_a_mistake_has_its_own_gradient_in_the_trace():
    batch = next_batch(hidden="sigmoid", gradient=BUGS["missing-mean"].gradient)
    wrong, right = trace_update(batch), trace_update(replace(batch, gradient=None))
    np.testing.assert_allclose(wrong.D[0], 20 * right.D[0], rtol=1e-12)


# ---------------------------------------------------------------- messages and errors


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_answers_are_strict_json_with_the_fields_of_the_protocol(dtype):
    batch = next_batch(hidden="sigmoid", dtype=dtype, gradient=BUGS["wrong-sign"].gradient)
    batch = replace(batch, after=stepped(batch, GradientDescent(), 0.5))
    weight = strict(prove_weight(batch, 1, 0, 2).to_json())
    assert set(weight) == {
        "name", "value", "equation", "from", "to", "terms", "n_terms", "sum", "m", "penalty", "derivative", "step",
        "values", "error", "missing", "bug",
    }  # fmt: skip
    assert (weight["from"], weight["to"], weight["equation"]) == ("input 2", "unit 1 of layer 2", "B4")
    assert set(weight["terms"][0]) == {"row", "delta", "activation", "weight", "product"}
    assert set(weight["values"][1]) == {"method", "value", "error", "step", "note"}
    assert set(weight["step"]) == {"rule", "step_size", "new_value"}
    assert set(weight["bug"]) == {"value", "error"}
    unit = strict(prove_unit(batch, 2, 0, int(batch.rows[0])).to_json())
    assert set(unit) == {
        "name", "terms", "z", "activation", "a", "mask", "delta_terms", "slope", "delta", "target", "equation",
    }  # fmt: skip
    trace = strict(trace_update(batch).to_json())
    assert set(trace) == {
        "update", "batch", "n_batch", "sample", "is_in_batch", "x", "y", "Z", "A", "delta", "masks", "cost",
        "batch_cost", "regularization", "D", "step",
    }  # fmt: skip
    assert np.shape(trace["D"][0]) == np.shape(trace["step"][0]) == (4, 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_weights_that_are_not_finite_have_answers(value, hidden):
    batch = next_batch(hidden=hidden, output="identity")
    parameters = batch.parameters.copy()
    parameters[5] = value
    batch = replace(batch, parameters=parameters)
    answers = [
        prove_weight(batch, 1, 1, 1).to_json(),
        prove_weight(batch, 3, 0, 1).to_json(),
        prove_unit(batch, 3, 1, 0).to_json(),
        trace_update(batch, 0).to_json(),
    ]
    for answer in answers:
        strict(answer)


@pytest.mark.parametrize(
    ("prove", "message"),
    [
        (lambda batch: prove_weight(batch, 0, 0, 0), "layer must be from 1 to 3, the number of Theta, got 0"),
        (lambda batch: prove_weight(batch, 4, 0, 0), "got 4"),
        (
            lambda batch: prove_weight(batch, 1, 4, 0),
            "row and column must be in Theta_1, below 4 and 4, got row 4, column 0",
        ),
        (lambda batch: prove_weight(batch, 1, 0, -1), "got row 0, column -1"),
        (lambda batch: prove_unit(batch, 1, 0, 0), "layer must be from 2 to 4, got 1"),
        (lambda batch: prove_unit(batch, 4, 2, 0), "unit must be from 0 to 1 in layer 4, got 2"),
        (lambda batch: prove_unit(batch, 2, 0, 40), "sample must be a training row, from 0 to 39, got 40"),
        (lambda batch: trace_update(batch, -1), "sample must be a training row, from 0 to 39, got -1"),
    ],
)
def test_places_that_do_not_exist_raise_errors(prove, message):
    with pytest.raises(ParameterError, match=message):
        prove(next_batch())


@pytest.mark.parametrize("rows", [[], [40], [-1], [0.5], [[1]]])
def test_batches_are_row_numbers(rows):
    with pytest.raises(ParameterError, match="the batch must be row numbers from 0 to 39"):
        replace(next_batch(), rows=np.array(rows))


def test_normalised_layers_are_not_supported():
    network = Network((3, 4, 1), ("tanh",), "identity", normalization="layer")
    objective = Objective(network, np.zeros((2, 3)), np.zeros((2, 1)))
    with pytest.raises(ParameterError, match="proofs do not support normalised layers and embedded inputs"):
        NextBatch(objective, np.zeros(n_parameters(network)), np.arange(2))
