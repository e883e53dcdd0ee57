"""Requests that prove a number: a weight, a unit, an update."""

from __future__ import annotations

from collections.abc import Mapping

from multilayer.learn.bugs import BUGS
from multilayer.playground.bugs.engine import has_wrong_gradient
from multilayer.playground.desk import Desk
from multilayer.playground.fields import Fields
from multilayer.playground.handlers.handler import Handler
from multilayer.playground.messages import Reply, finite
from multilayer.playground.proofs import NextBatch, NextUpdate, prove_unit, prove_weight, trace_update
from multilayer.playground.runs.next_update import update_ahead


def next_batch(desk: Desk) -> NextBatch:
    """Return the network before the next update, and the rows of this update."""
    run = desk.run
    ahead = update_ahead(run)
    gradient = None
    if desk.bug is not None and has_wrong_gradient(BUGS[desk.bug.name]):
        gradient = BUGS[desk.bug.name].gradient
    names = desk.data.class_names
    outputs = names[1:] if len(names) == 2 and run.network.layer_sizes[-1] == 1 else names or (desk.data.target_name,)
    update = None
    if ahead.parameters is not None:
        update = NextUpdate(type(run.rule).__name__, run.next_step_size(), ahead.parameters)
    return NextBatch(
        run.objective,
        run.parameters,
        ahead.rows,
        run.update,
        run.fit.state.descent.t,
        update,
        gradient,
        desk.data.inputs,
        outputs,
    )


def weight(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Prove the derivative of the cost with respect to one weight."""
    place = (fields.integer("layer", low=1), fields.integer("row"), fields.integer("column"))
    return Reply(finite({"update": desk.run.update, **prove_weight(next_batch(desk), *place).to_json()}))


def unit(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Write out the sum, the activation and the delta of one unit."""
    batch = next_batch(desk)
    sample = fields.integer("sample", int(batch.rows[0]))
    place = (fields.integer("layer", low=2), fields.integer("unit"), sample)
    return Reply(finite({"update": desk.run.update, **prove_unit(batch, *place).to_json()}))


def trace(desk: Desk, fields: Fields, _data: bytes | None) -> Reply:
    """Trace the forward and the backward pass of the next update."""
    sample = fields.integer("sample") if fields.has("sample") else None
    return Reply(finite(trace_update(next_batch(desk), sample).to_json()))


HANDLERS: Mapping[str, Handler] = {
    "prove_weight": Handler(weight, ("layer", "row", "column")),
    "prove_unit": Handler(unit, ("layer", "unit", "sample")),
    "trace": Handler(trace, ("sample",)),
}
