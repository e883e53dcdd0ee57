// The proof of one unit: its weighted sum term by term, its activation, and its delta, for one row of the batch.

import { unitName } from "./chooser.js";
import { short } from "./digits.js";
import * as m from "./mathml.js";
import { element, scroller, table } from "./nodes.js";
import { notFinite } from "./proof_weight.js";

const WRITTEN = 4; // more terms than these stand in the table only

/** Return the nodes of the proof that `prove_unit` answered. */
export function drawUnit(proof, { app, shown, update }) {
  const { t } = app;
  const title = element(
    "header",
    { class: "proof-title" },
    element("p", { class: "proof-name", text: unitName(app, shown.layer, shown.unit) }),
    element("p", {
      class: "panel-note",
      text: t("panels.prove.unit_where", { row: proof.sample, update: update ?? "–" }),
    }),
  );
  if (proof.z === null || proof.delta === null) return [title, notFinite(app)];
  const isOutput = shown.layer === app.store.scene.network.layer_sizes.length;
  return [
    title,
    drawSum(proof, app, shown),
    element("div", {}, drawActivation(proof, app, shown, isOutput), drawDelta(proof, app, shown, isOutput)),
  ];
}

function part(title, ...children) {
  return element("section", { class: "proof-part" }, element("h4", { text: title }), ...children);
}

const formulaBox = (app, formula) => scroller(app.t("panels.prove.formula"), formula);

function drawSum(proof, app, { layer, unit }) {
  const { t } = app;
  const letters = m.row(
    m.sum(m.mi("j")),
    m.theta(layer - 1, unit + 1, m.mi("j")),
    m.indexed("a", layer - 1, m.mi("j")),
  );
  const products = proof.terms
    .slice(0, WRITTEN)
    .flatMap((term, i) => [
      ...(i > 0 ? [m.mo("+")] : []),
      m.value(short(term.weight, 3), true),
      m.mo("·"),
      m.value(short(term.value, 3), true),
    ]);
  if (proof.terms.length > WRITTEN) products.push(m.mo("+"), m.mo("…"));
  const formula = m.math(
    m.lines(
      [m.indexed("z", layer, unit + 1), letters],
      [m.row(), m.row(...products)],
      [m.row(), m.value(short(proof.z, 8))],
    ),
  );
  const rows = proof.terms.map((term) => [term.name, short(term.weight), short(term.value), short(term.product)]);
  rows.push({ cells: [t("panels.prove.sum"), "", "", short(proof.z, 6)], class: "total" });
  const columns = [
    { title: t("panels.prove.from"), header: true },
    { title: t("panels.prove.theta"), numeric: true },
    { title: t("panels.prove.term_activation"), hint: t("panels.prove.term_activation_hint"), numeric: true },
    { title: t("panels.prove.term_product"), hint: t("panels.prove.term_product_hint"), numeric: true },
  ];
  return part(t("panels.prove.z_title"), formulaBox(app, formula), table(t("panels.prove.z_terms"), columns, rows));
}

function drawActivation(proof, app, { layer, unit }, isOutput) {
  const letter = isOutput ? "h" : "g";
  const formula = m.math(
    m.row(
      m.indexed("a", layer, unit + 1),
      m.mo("="),
      m.mi(letter),
      m.paren(m.value(short(proof.z, 6))),
      m.mo("="),
      m.value(short(proof.a, 8)),
    ),
  );
  const title = app.t(isOutput ? "panels.prove.h_title" : "panels.prove.a_title", { name: proof.activation });
  const isDropped = proof.mask !== null && proof.mask !== undefined;
  const note = isDropped
    ? element("p", { class: "panel-note", text: app.t("panels.prove.mask", { mask: short(proof.mask) }) })
    : "";
  return part(title, formulaBox(app, formula), note);
}

/** (B1) at the output; (B2) inside: the deltas of the next layer, carried back by the weights, times the slope. */
function drawDelta(proof, app, { layer, unit }, isOutput) {
  const { t } = app;
  const delta = m.indexed(m.DELTA, layer, unit + 1);
  if (isOutput || proof.delta_terms.length === 0) {
    const cost = m.frac(
      m.row(m.mo("∂"), m.mtext(t("panels.prove.cost_word"))),
      m.row(m.mo("∂"), m.indexed("z", layer, unit + 1)),
    );
    const formula = m.math(m.row(delta, m.mo("="), cost, m.mo("="), m.value(short(proof.delta, 8))));
    return part(
      t("panels.prove.delta_output"),
      formulaBox(app, formula),
      element("p", {
        class: "panel-note",
        text: t("panels.prove.delta_output_note", { target: short(proof.target, 6), a: short(proof.a, 6) }),
      }),
    );
  }
  const total = proof.delta_terms.reduce((sum, term) => sum + term.product, 0);
  const letters = m.row(
    m.paren(m.sum(m.mi("i")), m.theta(layer, m.mi("i"), unit + 1), m.indexed(m.DELTA, layer + 1, m.mi("i"))),
    m.sup(m.mi("g"), m.mo("′")),
    m.paren(m.indexed("z", layer, unit + 1)),
  );
  const numbers = m.row(m.value(short(total, 6), true), m.mo("·"), m.value(short(proof.slope, 6), true));
  const formula = m.math(m.lines([delta, letters], [m.row(), numbers], [m.row(), m.value(short(proof.delta, 8))]));
  const columns = [
    { title: t("panels.prove.to"), header: true },
    { title: t("panels.prove.theta"), numeric: true },
    { title: t("panels.prove.term_delta"), hint: t("panels.prove.term_delta_hint"), numeric: true },
    { title: t("panels.prove.term_product"), hint: t("panels.prove.term_product_hint"), numeric: true },
  ];
  const rows = proof.delta_terms.map((term) => [term.name, short(term.weight), short(term.delta), short(term.product)]);
  rows.push({ cells: [t("panels.prove.sum"), "", "", short(total, 6)], class: "total" });
  return part(
    t("panels.prove.delta_inner"),
    formulaBox(app, formula),
    table(t("panels.prove.delta_terms"), columns, rows),
  );
}
