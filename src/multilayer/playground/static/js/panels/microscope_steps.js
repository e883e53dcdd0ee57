// The steps of one update, layer by layer: what each computes, its equation, and its numbers in a trace.

import { solverName, sources } from "./chooser.js";
import { short } from "./digits.js";
import * as m from "./mathml.js";
import { element, scroller, table } from "./nodes.js";

const MOST_UNITS = 24;
const MOST_SIDE = 8; // rows and columns of a matrix that are drawn

/** Return the steps of an update of a network with these layer sizes: `{kind, layer}` in their order. */
export function stepsOf(sizes) {
  const last = sizes.length;
  const forward = range(2, last).flatMap((layer) => [
    { kind: "Z", layer },
    { kind: "A", layer },
  ]);
  const backward = range(2, last)
    .reverse()
    .map((layer) => ({ kind: "delta", layer }));
  const gradients = range(1, last - 1)
    .reverse()
    .map((layer) => ({ kind: "D", layer }));
  return [
    { kind: "X", layer: 1 },
    ...forward,
    { kind: "J", layer: last },
    ...backward,
    ...gradients,
    { kind: "update", layer: 0 },
  ];
}

function largestSize(matrix) {
  const values = matrix.flat();
  return values.includes(null) ? null : values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** Return the numbers of a step in a trace: a list, or a matrix for D; null where the trace has none. */
export function valuesOf({ kind, layer }, trace) {
  if (kind === "X") return trace.x;
  if (kind === "J") return [trace.cost];
  if (kind === "update") return trace.step && trace.step.map(largestSize); // a solver that searches has no step yet
  if (kind === "A") return trace.A[layer - 1] ?? null;
  if (kind === "D") return trace.D[layer - 1] ?? null;
  return trace[kind][layer - 2] ?? null;
}

/** The letter of a step, such as Z₂. */
export function symbolOf({ kind, layer }) {
  const written = { X: "a", J: "J", update: "Θ", delta: "δ", Z: "z", A: "a", D: "D" }[kind];
  const below = [...String(layer)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");
  return ["J", "update"].includes(kind) ? written : `${written}${below}`;
}

/** The tag of the equation that a step uses. */
export function tagOf({ kind, layer }, scene) {
  const last = scene.network.layer_sizes.length;
  if (kind === "A") return layer === last ? "P4" : "P3";
  if (kind === "delta") return layer === last ? "B1" : "B2";
  return { X: "P1", Z: "P2", J: "J", D: "B3, B4", update: updateTag(scene.setup.parameters) }[kind];
}

function updateTag({ solver, momentum = 0, nesterovs_momentum: looksAhead = true }) {
  if (solver === "adam") return "D4";
  if (solver !== "sgd") return solver === "lbfgs" ? "L-BFGS" : solver;
  if (!momentum) return "D1";
  return looksAhead ? "D3" : "D2";
}

/** A short text of the numbers of a step, for the list of steps. */
export function summary(step, trace) {
  const values = valuesOf(step, trace);
  if (values === null) return "–";
  const flat = values.flat();
  const shown = flat
    .slice(0, 3)
    .map((value) => short(value, 3))
    .join(", ");
  return flat.length > 3 ? `${shown}, …` : shown;
}

/** Return the nodes that explain a step: what is computed, the equation, and the numbers of the sample. */
export function drawStep(step, trace, app) {
  const scene = app.store.scene;
  const text = app.t(`panels.microscope.text.${textKey(step, scene, trace)}`, {
    layer: step.layer,
    before: step.layer - 1,
    after: step.layer + 1,
    sample: trace.sample,
    m: trace.n_batch,
    rule: solverName(scene.setup.parameters.solver, app),
    activation: activationOf(step, scene),
    cost: scene.network.cost.replaceAll("_", " "),
  });
  const equation = scroller(app.t("panels.prove.formula"), m.math(formula(step, scene)));
  const outside =
    trace.is_in_batch === false
      ? element("p", { class: "panel-note", text: app.t("panels.microscope.outside", { sample: trace.sample }) })
      : null;
  return [
    element("div", { class: "step-text" }, element("p", { text }), equation, outside),
    drawNumbers(step, trace, app),
  ];
}

function textKey({ kind, layer }, scene, trace) {
  if (kind === "update" && !trace.step) {
    return scene.setup.parameters.solver === "lbfgs" ? "update_search" : "update_ended";
  }
  const isLast = layer === scene.network.layer_sizes.length;
  return isLast && (kind === "A" || kind === "delta") ? `${kind}_last` : kind;
}

function activationOf({ kind, layer }, { network }) {
  if (kind !== "A") return "";
  return network.activations[layer - 2] ?? network.output;
}

function formula({ kind, layer }, scene) {
  const last = scene.network.layer_sizes.length;
  const at = (letter, l) => m.sub(m.mi(letter), m.mn(l));
  const withBias = (l) => m.row(m.mo("["), m.mn(1), m.mo(" "), at("a", l), m.mo("]"));
  if (kind === "X") return m.row(at("a", 1), m.mo("="), m.mi("x"));
  if (kind === "Z") return m.row(at("z", layer), m.mo("="), at(m.THETA, layer - 1), withBias(layer - 1));
  if (kind === "A") return m.row(at("a", layer), m.mo("="), m.mi(layer === last ? "h" : "g"), m.paren(at("z", layer)));
  if (kind === "J") return costFormula(scene);
  if (kind === "delta") return layer === last ? outputDelta(layer) : innerDelta(layer);
  if (kind === "D")
    return m.row(
      at("D", layer),
      m.mo("="),
      m.frac(m.mn(1), m.mi("m")),
      m.sum(m.mi("r")),
      at(m.DELTA, layer + 1),
      m.sup(withBias(layer), m.mi("T")),
      ...penalty(scene, () => at(m.THETA, layer)),
    );
  return m.row(m.mi(m.THETA), m.mo("←"), m.mi(m.THETA), m.mo("+"), m.mtext("ΔΘ"), m.paren(m.mi("D")));
}

/** The derivative of the penalty, where the run has one: λ/m Θ for squares, λ₁/m sign(Θ) for sizes; biases have none. */
function penalty({ setup }, theta) {
  const { alpha = 0, l1_alpha = 0 } = setup.parameters;
  const squares = alpha ? [m.mo("+"), m.frac(m.mi("λ"), m.mi("m")), theta()] : [];
  const sizes = l1_alpha
    ? [m.mo("+"), m.frac(m.sub(m.mi("λ"), m.mn(1)), m.mi("m")), m.mi("sign"), m.paren(theta())]
    : [];
  return [...squares, ...sizes];
}

function costFormula({ setup }) {
  const { alpha = 0, l1_alpha = 0 } = setup.parameters;
  const mean = m.row(m.frac(m.mn(1), m.mi("m")), m.sum(m.mi("r")), m.sub(m.mi("c"), m.mi("r")));
  const squares = [m.mo("+"), m.frac(m.mi("λ"), m.row(m.mn(2), m.mi("m"))), m.mo("∑"), m.sup(m.mi(m.THETA), m.mn(2))];
  const sizes = [
    m.mo("+"),
    m.frac(m.sub(m.mi("λ"), m.mn(1)), m.mi("m")),
    m.mo("∑"),
    m.mo("|"),
    m.mi(m.THETA),
    m.mo("|"),
  ];
  return m.row(m.mi("J"), m.mo("="), mean, ...(alpha ? squares : []), ...(l1_alpha ? sizes : []));
}

function outputDelta(layer) {
  const below = m.row(m.mo("∂"), m.sub(m.mi("z"), m.mn(layer)));
  return m.row(m.sub(m.mi(m.DELTA), m.mn(layer)), m.mo("="), m.frac(m.row(m.mo("∂"), m.mi("c")), below));
}

function innerDelta(layer) {
  const weights = m.subsup(m.mi(m.THETA), m.mn(layer), m.mi("T"));
  const product = m.paren(weights, m.sub(m.mi(m.DELTA), m.mn(layer + 1)));
  return m.row(
    m.sub(m.mi(m.DELTA), m.mn(layer)),
    m.mo("="),
    product,
    m.mo("⊙"),
    m.sup(m.mi("g"), m.mo("′")),
    m.paren(m.sub(m.mi("z"), m.mn(layer))),
  );
}

function drawNumbers(step, trace, app) {
  if (step.kind === "D") return drawMatrix(step, trace, app);
  if (step.kind === "update") return drawUpdate(trace, app);
  if (step.kind === "J") return drawCost(trace, app);
  const { t } = app;
  const values = valuesOf(step, trace);
  const names =
    step.kind === "X" ? sources(app, 1).slice(1) : values.map((_, i) => t("panels.unit_short", { unit: i + 1 }));
  const columns = [
    { title: t(step.kind === "X" ? "panels.microscope.input" : "panels.microscope.unit"), header: true },
    { title: symbolOf(step), numeric: true },
  ];
  const hasTarget = step.kind === "A" && step.layer === app.store.scene.network.layer_sizes.length;
  if (hasTarget) columns.push({ title: t("panels.microscope.target"), numeric: true });
  const rows = values
    .slice(0, MOST_UNITS)
    .map((value, i) => [names[i], short(value, 6), ...(hasTarget ? [short(trace.y[i], 6)] : [])]);
  return table(rowCaption(step, trace, app, values.length), columns, rows);
}

function rowCaption(step, trace, app, count) {
  const key = count > MOST_UNITS ? "panels.microscope.first_values" : "panels.microscope.values";
  return app.t(key, { symbol: symbolOf(step), sample: trace.sample, shown: MOST_UNITS, of: count });
}

function drawCost(trace, app) {
  const { t } = app;
  const columns = [
    { title: t("panels.microscope.cost"), header: true },
    { title: t("panels.prove.value"), numeric: true },
  ];
  return table(t("panels.microscope.costs"), columns, [
    [t("panels.microscope.cost_row", { sample: trace.sample }), short(trace.cost, 8)],
    [t("panels.microscope.cost_batch", { m: trace.n_batch }), short(trace.batch_cost, 8)],
  ]);
}

function drawMatrix(step, trace, app) {
  const { t } = app;
  const matrix = valuesOf(step, trace);
  const names = sources(app, step.layer).slice(0, MOST_SIDE);
  const columns = [{ title: t("panels.prove.to"), header: true }, ...names.map((title) => ({ title, numeric: true }))];
  const rows = matrix
    .slice(0, MOST_SIDE)
    .map((values, i) => [
      t("panels.unit_short", { unit: i + 1 }),
      ...values.slice(0, MOST_SIDE).map((value) => short(value, 3)),
    ]);
  const isCut = matrix.length > MOST_SIDE || matrix[0].length > MOST_SIDE;
  const key = isCut ? "panels.microscope.matrix_part" : "panels.microscope.matrix";
  return table(t(key, { layer: step.layer, shown: MOST_SIDE }), columns, rows);
}

/** One row for each Theta: its largest derivative and its largest change. */
export function drawUpdate(trace, app) {
  const { t } = app;
  const columns = [
    { title: t("panels.microscope.matrix_name"), header: true },
    { title: t("panels.microscope.largest_d"), numeric: true },
    { title: t("panels.microscope.largest_step"), numeric: true },
  ];
  const rows = trace.D.map((matrix, i) => [
    `${m.THETA}${"₁₂₃₄₅₆₇₈₉"[i] ?? i + 1}`,
    short(largestSize(matrix), 3),
    trace.step ? short(largestSize(trace.step[i]), 3) : "–",
  ]);
  return table(t("panels.microscope.changes"), columns, rows);
}
