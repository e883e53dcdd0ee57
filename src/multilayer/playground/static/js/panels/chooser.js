// The fields that choose a weight or a unit, so that a proof needs no mouse.

import { element, field, select } from "./nodes.js";

/** Return the names of the sources of the weights of Theta_layer: the bias, then inputs or units. */
export function sources(app, layer) {
  const size = app.store.scene.network.layer_sizes[layer - 1];
  return [app.t("panels.bias"), ...Array.from({ length: size }, (_, i) => unitName(app, layer, i))];
}

/** Return the name of an input, a hidden unit or an output; units count from 0 in messages and from 1 in words. */
export function unitName(app, layer, unit) {
  const { data, network } = app.store.scene;
  if (layer === 1) return data.inputs[unit] ?? app.t("panels.input", { i: unit + 1 });
  if (layer === network.layer_sizes.length) return app.t("panels.output", { name: outputName(data, network, unit) });
  return app.t("panels.unit", { unit: unit + 1, layer });
}

function outputName({ classes, target }, { layer_sizes: sizes }, unit) {
  if (classes.length === 2 && sizes.at(-1) === 1) return classes[1]; // the output is the probability of the second class
  return classes[unit] ?? target;
}

/** A solver as it is usually written: Adam, SGD, L-BFGS. */
export function solverName(solver, { t, has }) {
  const key = `shell.choice.solver.${solver}`;
  return has(key) ? t(key) : solver;
}

/**
 * Make the fields. They call `choose(selection)` with {kind: "weight", layer, row, column} or {kind: "unit", layer, unit}.
 * `show(selection)` draws the fields for what is selected.
 */
export function makeChooser(app, choose) {
  const { t } = app;
  const node = element("div", {
    class: "panel-fields prove-fields",
    role: "group",
    "aria-label": t("panels.prove.chooser"),
  });
  let shown = null;

  /** Change one part, keep the others as far as they exist, and put the focus back into the same field. */
  function change(part, value) {
    const wanted = complete(app, { ...shown, [part]: part === "kind" ? value : Number(value) });
    choose(wanted);
    node.querySelector(`[data-part="${part}"]`)?.focus();
  }

  const choice = (part, options, value) =>
    field(
      t(`panels.prove.field.${part}`),
      select(options, value, (changed) => change(part, changed), {
        "data-part": part,
        title: t(`panels.prove.field_hint.${part}`),
      }),
    );

  function draw() {
    const sizes = app.store.scene.network.layer_sizes;
    const isWeight = shown.kind === "weight";
    const layers = isWeight ? range(1, sizes.length) : range(2, sizes.length + 1);
    const target = isWeight ? shown.layer + 1 : shown.layer;
    const isOutput = target === sizes.length;
    const units = range(0, sizes[target - 1]).map((unit) => [
      unit,
      isOutput ? unitName(app, target, unit) : t("panels.unit_short", { unit: unit + 1 }),
    ]);
    const layerText = (layer) => t(isWeight ? "panels.prove.matrix" : "panels.layer", { layer, next: layer + 1 });
    const kinds = ["weight", "unit"].map((kind) => [kind, t(`panels.prove.kind.${kind}`)]);
    node.replaceChildren(
      choice("kind", kinds, shown.kind),
      choice(
        "layer",
        layers.map((layer) => [layer, layerText(layer)]),
        shown.layer,
      ),
      ...(isWeight
        ? [
            choice(
              "column",
              sources(app, shown.layer).map((name, i) => [i, name]),
              shown.column,
            ),
          ]
        : []),
      choice(isWeight ? "row" : "unit", units, isWeight ? shown.row : shown.unit),
    );
  }

  function show(selection) {
    const wanted = complete(app, selection ?? { kind: "weight" });
    // The same fields stay in place: a reader of the page keeps the position.
    const same = shown !== null && JSON.stringify(wanted) === JSON.stringify(shown) && node.dataset.scene === scene();
    shown = wanted;
    if (same) return;
    node.dataset.scene = scene();
    draw();
  }

  const scene = () => String(app.store.scene.scene);
  return { element: node, show };
}

/** Return the selection with every part inside the network. */
function complete(app, { kind, layer, row, column, unit }) {
  const sizes = app.store.scene.network.layer_sizes;
  if (kind === "unit") {
    const chosen = clamp(layer ?? 2, 2, sizes.length);
    return { kind, layer: chosen, unit: clamp(unit ?? row ?? 0, 0, sizes[chosen - 1] - 1) };
  }
  const chosen = clamp(layer ?? 1, 1, sizes.length - 1);
  return {
    kind: "weight",
    layer: chosen,
    row: clamp(row ?? unit ?? 0, 0, sizes[chosen] - 1),
    column: clamp(column ?? 1, 0, sizes[chosen - 1]),
  };
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
