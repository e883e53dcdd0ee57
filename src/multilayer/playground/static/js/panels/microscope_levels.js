// What the microscope shows at each level: a step of a layer, a row, a batch, an epoch. Each function returns nodes.

import { short } from "./digits.js";
import { drawStep, drawUpdate, symbolOf, tagOf } from "./microscope_steps.js";
import { element, table } from "./nodes.js";

const EPOCHS_LISTED = 5;
const INPUTS_LISTED = 6;

/** A step of the forward or backward pass, with the tag of its equation. */
export function drawLayer(step, trace, app) {
  const { t, store } = app;
  const title = t(`panels.microscope.name.${step.kind}`, { layer: step.layer, symbol: symbolOf(step) });
  const tag = element("span", {
    class: "tag",
    title: t("panels.microscope.tag_hint"),
    text: `(${tagOf(step, store.scene)})`,
  });
  return [element("h4", {}, title, " ", tag), ...drawStep(step, trace, app)];
}

/** One row of the batch: inputs, outputs, targets and deltas. */
export function drawRow(trace, app) {
  const { t } = app;
  const { sample, x, y, A, delta, cost } = trace;
  const rows = A.at(-1).map((value, k) => [String(k + 1), short(value, 6), short(y[k], 6), short(delta.at(-1)[k], 6)]);
  const listed = x.slice(0, INPUTS_LISTED).map((value) => short(value, 3));
  const inputs = [...listed, ...(x.length > INPUTS_LISTED ? ["…"] : [])].join(", ");
  return [
    element("h4", { text: t("panels.microscope.row_title", { sample }) }),
    element("p", { text: t("panels.microscope.row_text", { cost: short(cost, 6), inputs }) }),
    table(t("panels.microscope.row_table"), columnsOf(["output", "output_value", "target", "delta"], t), rows),
  ];
}

/** The batch of the next update, and what it changes. */
export function drawBatch(trace, app) {
  const { t } = app;
  const { update, n_batch: m, batch_cost: cost } = trace;
  return [
    element("h4", { text: t("panels.microscope.batch_title", { update: update + 1 }) }),
    element("p", { text: t("panels.microscope.batch_text", { m, cost: short(cost, 6) }) }),
    drawUpdate(trace, app),
  ];
}

/** The next epoch, and the costs of the last ones. */
export function drawEpoch(trace, app) {
  const { t, store } = app;
  const { costs, validation_costs: validation } = store.curves;
  const first = Math.max(0, costs.length - EPOCHS_LISTED);
  const rows = costs
    .slice(first)
    .map((cost, i) => [String(first + i + 1), short(cost, 5), short(validation[first + i], 5)]);
  const title = element("h4", { text: t("panels.microscope.epoch_title", { epoch: costs.length + 1 }) });
  const text = element("p", { text: t("panels.microscope.epoch_text", { count: store.frame.updates_per_epoch }) });
  if (rows.length === 0) return [title, text];
  const columns = columnsOf(["epoch", "cost_training", "cost_validation"], t);
  return [title, text, table(t("panels.microscope.epoch_table"), columns, rows)];
}

function columnsOf(keys, t) {
  return keys.map((key, i) => ({ title: t(`panels.microscope.${key}`), numeric: i > 0, header: i === 0 }));
}
