// The proof of one weight: equation, this batch's terms, three values, and the update.

import { solverName } from "./chooser.js";
import { agreeing, allDigits, drawDigits, plain, short } from "./digits.js";
import * as m from "./mathml.js";
import { button, element, errorMessage, scroller, table } from "./nodes.js";

/** Return the nodes of the proof that `prove_weight` answered. */
export function drawWeight(proof, { app, shown, update }) {
  const title = drawTitle(proof, app, shown, update);
  // After a divergence, numbers that are not finite arrive as null.
  if (proof.value === null || proof.derivative === null) return [title, notFinite(app)];
  return [
    title,
    drawEquation(proof, app, shown),
    drawValues(proof, app),
    drawTerms(proof, app),
    drawUpdate(proof, app, shown),
  ];
}

/** The message in place of a proof whose numbers are too large. */
export function notFinite(app) {
  return errorMessage(app.t("panels.prove.not_finite"));
}

function section(title, ...children) {
  return element("section", { class: "proof-part" }, element("h4", { text: title }), ...children);
}

function drawTitle(proof, app, shown, update) {
  const { layer, row, column } = shown;
  const { from, to } = proof;
  return element(
    "header",
    { class: "proof-title" },
    m.math(m.row(m.theta(layer, row + 1, column), m.mo("="), m.value(short(proof.value, 6)))),
    element("span", { class: "panel-note" }, app.t("panels.prove.in_code"), " ", element("code", { text: proof.name })),
    element("p", {
      class: "panel-note",
      title: app.t("panels.prove.weight_name_hint"),
      text: app.t("panels.prove.weight_where", { from, to, update: update ?? "–", m: plain(proof.m) }),
    }),
  );
}

/** (B3) and (B4) for this weight: once in letters and once in numbers. */
function drawEquation(proof, app, shown) {
  const { layer, row, column } = shown;
  const delta = m.indexed(m.DELTA, layer + 1, row + 1);
  const activation = m.indexed("a", layer, column);
  const mean = m.frac(m.mn(1), m.mi("m"));
  const penalty = penaltyTerm(proof, app, shown);
  const letters = m.row(
    mean,
    m.sum(m.mtext(app.t("panels.prove.rows"))),
    delta,
    column === 0 ? m.mn(1) : activation,
    ...penalty,
  );
  const numbers = m.row(
    m.frac(m.mn(1), m.mn(plain(proof.m))),
    m.mo("·"),
    m.value(short(proof.sum, 6), true),
    ...(proof.penalty ? [m.mo("+"), m.value(short(proof.penalty, 6), true)] : []),
  );
  const derivative = m.frac(m.row(m.mo("∂"), m.mi("J")), m.row(m.mo("∂"), m.theta(layer, row + 1, column)));
  const formula = m.math(
    m.lines([derivative, letters], [m.row(), numbers], [m.row(), m.value(short(proof.derivative, 8))]),
  );
  return section(
    app.t("panels.prove.equation", { tag: proof.equation }),
    scroller(app.t("panels.prove.formula"), formula),
    element("p", {
      class: "panel-note",
      text: app.t(column === 0 ? "panels.prove.letters_bias" : "panels.prove.letters", {
        delta: proof.to,
        activation: proof.from,
      }),
    }),
  );
}

function penaltyTerm(proof, app, { layer, row, column }) {
  const { alpha = 0, l1_alpha = 0 } = app.store.scene.setup.parameters;
  if (column === 0 || !proof.penalty) return [];
  const weight = m.theta(layer, row + 1, column);
  const squares = [m.mo("+"), m.frac(m.mi("λ"), m.mi("m")), weight];
  const sizes = [
    m.mo("+"),
    m.frac(m.sub(m.mi("λ"), m.mn(1)), m.mi("m")),
    m.mi("sign"),
    m.paren(weight.cloneNode(true)),
  ];
  return [...(alpha ? squares : []), ...(l1_alpha ? sizes : [])];
}

/** The largest terms, with a column for the weights of the rows if they differ from 1; then the sum and what (B4) adds. */
function drawTerms(proof, app) {
  const { t } = app;
  const isWeighted = proof.terms.some(({ weight = 1 }) => weight !== 1);
  const keys = [...(isWeighted ? ["weight"] : []), "delta", "activation", "product"];
  const numeric = keys.map((key) => ({
    title: t(`panels.prove.term_${key}`),
    hint: t(`panels.prove.term_${key}_hint`),
    numeric: true,
  }));
  const columns = [{ title: t("panels.prove.row"), hint: t("panels.prove.row_hint"), header: true }, ...numeric];
  const blanks = keys.slice(1).map(() => "");
  const line = (text, value, kind, digits = 6) => ({ cells: [text, ...blanks, short(value, digits)], class: kind });
  const rows = proof.terms.map((term) => [sampleButton(term.row, app), ...keys.map((key) => short(term[key]))]);
  const rest = proof.n_terms - proof.terms.length;
  const listed = proof.terms.reduce((sum, term) => sum + term.product, 0);
  if (rest > 0) rows.push(line(t("panels.prove.rest", { count: rest }), proof.sum - listed, "rest", 4));
  rows.push(
    line(t("panels.prove.sum"), proof.sum, "total"),
    line(t("panels.prove.mean", { m: plain(proof.m) }), proof.sum / proof.m, "total"),
    line(t("panels.prove.penalty"), proof.penalty, "total"),
    line(t("panels.prove.derivative"), proof.derivative, "total"),
  );
  const caption = t(rest > 0 ? "panels.prove.terms_largest" : "panels.prove.terms", {
    n: proof.terms.length,
    of: proof.n_terms,
  });
  return section(t("panels.prove.terms_title"), table(caption, columns, rows));
}

/** A row number that selects the row, so that the pictures mark its point. */
function sampleButton(row, app) {
  return button(String(row), () => app.store.select({ kind: "sample", row }), {
    class: "link-button",
    title: app.t("panels.prove.select_row", { row }),
  });
}

/** The three values below each other, with the digits marked in which each agrees with the first, and the error. */
function drawValues(proof, app) {
  const { t } = app;
  const [first, ...others] = proof.values;
  const agreed = others.map(({ value }) => agreeing(first.value, value));
  const rows = proof.values.map((entry, i) => [
    methodName(entry, app),
    drawDigits(entry.value, i === 0 ? Math.max(0, ...agreed) : agreed[i - 1]),
  ]);
  if (proof.bug)
    rows.push({
      cells: [t("panels.prove.program"), drawDigits(proof.bug.value, agreeing(first.value, proof.bug.value))],
      class: isWrong(proof.bug) ? "wrong" : null,
    });
  const columns = [
    { title: t("panels.prove.method"), header: true },
    { title: t("panels.prove.value"), hint: t("panels.prove.value_hint") },
  ];
  const inexact = proof.values
    .filter(({ note }) => note)
    .map(({ note }) => element("p", { class: "panel-note", text: note }));
  const notes = [element("p", { text: t(verdict(proof.error), { error: short(proof.error, 2) }) }), ...inexact];
  notes.push(drawSteps(proof.values, app));
  if (proof.missing) notes.push(element("p", { class: "panel-note", text: proof.missing }));
  if (proof.bug) {
    const key = isWrong(proof.bug) ? "panels.prove.bug_differs" : "panels.prove.bug_agrees";
    notes.push(element("p", { class: "panel-finding", text: t(key, { error: short(proof.bug.error, 2) }) }));
  }
  return section(
    t("panels.prove.values_title"),
    table(t("panels.prove.values"), columns, rows, { class: "panel-table values" }),
    ...notes,
  );
}

const isWrong = ({ error }) => error === null || error > 1e-6; // null: it is not finite
const verdict = (error) => (error !== null && error < 1e-6 ? "panels.prove.agree" : "panels.prove.differ");

function methodName({ method }, app) {
  const key = `panels.prove.method_${method.replaceAll(" ", "_")}`;
  return app.has(key) ? app.t(key) : method;
}

/** The steps of the difference and of the complex step, as one sentence. */
function drawSteps(values, app) {
  const steps = values.filter(({ step }) => step).map((entry) => `${plain(entry.step)} (${methodName(entry, app)})`);
  return element("p", { class: "panel-note", text: app.t("panels.prove.steps", { steps: steps.join(", ") }) });
}

function drawUpdate(proof, app, { layer, row, column }) {
  const { t } = app;
  if (!proof.step || proof.step.new_value === null) {
    const key = app.store.scene.setup.parameters.solver === "lbfgs" ? "no_update" : "no_more_updates";
    return section(t("panels.prove.update_title"), element("p", { text: t(`panels.prove.${key}`) }));
  }
  const { rule, step_size: size, new_value: next } = proof.step;
  const weight = m.theta(layer, row + 1, column);
  const change = next - proof.value;
  const isPlain = Math.abs(change + size * proof.derivative) <= 1e-6 * Math.abs(change);
  const numbers = isPlain
    ? m.row(
        m.value(short(proof.value, 6)),
        m.mo("−"),
        m.value(plain(size)),
        m.mo("·"),
        m.value(short(proof.derivative, 6), true),
      )
    : m.row(m.value(short(proof.value, 6)), m.mo("+"), m.value(short(change, 6), true));
  const formula = m.math(m.row(weight, m.mo("←"), numbers, m.mo("="), m.value(short(next, 6))));
  return section(
    t("panels.prove.update_title"),
    scroller(t("panels.prove.formula"), formula),
    element("p", {
      class: "panel-note",
      text: t(`panels.prove.update_${updateKind(isPlain, app)}`, { rule: solverName(rule, app), size: plain(size) }),
    }),
    element("p", { class: "panel-note digits", text: t("panels.prove.new_value", { value: allDigits(next) }) }),
  );
}

function updateKind(isPlain, app) {
  if (isPlain) return "plain";
  return app.store.scene.setup.parameters.weight_decay ? "decay" : "rule";
}
