// The hidden layers as fields: units and activation of each. The drawing of the network edits the same.

import { h } from "../dom.js";
import { choiceHint, choiceText } from "./controls.js";
import { icon } from "./icons.js";

const NEW_UNITS = 5;

export function layersEditor(app, change) {
  const { t } = app;
  const rows = h("div", { class: "layers" });
  const add = h("button", { type: "button", class: "small-button", "data-control": "hidden_layer_sizes", "data-hint": "shell.layers.add.hint", onclick: addLayer }, icon("plus"), t("shell.layers.add"));
  const element = h("div", { class: "layers-editor", "data-control": "hidden_layer_sizes activation", role: "group", "aria-label": t("shell.layers.title") }, rows, add);
  let sizes = [];
  let activations = [];

  function commit(newSizes, newActivations) {
    return change({ hidden_layer_sizes: newSizes, activation: newActivations });
  }

  function addLayer() {
    return commit([...sizes, sizes.at(-1) ?? NEW_UNITS], [...activations, activations.at(-1) ?? "tanh"]);
  }

  function remove(i) {
    // The button that had the focus is gone; the focus stays in the list.
    commit(sizes.filter((_, j) => j !== i), activations.filter((_, j) => j !== i)).then(() => (rows.querySelector("input") ?? add).focus());
  }

  function makeRow(i) {
    const units = h("input", {
      type: "number", min: 1, step: 1, autocomplete: "off", "aria-label": t("shell.layers.units", { layer: i + 2 }),
      "data-parameter": "hidden_layer_sizes", "data-control": "hidden_layer_sizes", "data-hint": "shell.layers.units.hint",
    });
    units.addEventListener("change", () => {
      const value = Number(units.value);
      if (units.value === "") units.value = sizes[i];
      else if (value !== sizes[i]) commit(sizes.map((size, j) => (j === i ? value : size)), activations);
    });
    const activation = h("select", { "aria-label": t("shell.layers.activation", { layer: i + 2 }), "data-parameter": "activation", "data-control": "activation", "data-hint": "shell.layers.activation.hint" });
    activation.addEventListener("change", () => change({ activation: activations.map((name, j) => (j === i ? activation.value : name)) }));
    const button = h("button", { type: "button", class: "quiet tool small", "data-control": "hidden_layer_sizes", "aria-label": t("shell.layers.remove", { layer: i + 2 }), "data-hint": "shell.layers.remove.hint", onclick: () => remove(i) }, icon("close"));
    return h("div", { class: "layer-fields" }, h("span", { class: "muted", "aria-hidden": "true" }, t("shell.layers.layer", { layer: i + 2 })), units, activation, button);
  }

  function fill(row, i, choices) {
    const [units, activation] = row.querySelectorAll("input, select");
    if (document.activeElement !== units || Number(units.value) === sizes[i]) units.value = sizes[i];
    if (choices.most_units) units.max = choices.most_units;
    if (activation.options.length !== choices.activation.length) {
      activation.replaceChildren(...choices.activation.map((name) => h("option", { value: name }, choiceText(app, "activation", name))));
    }
    activation.value = activations[i];
    activation.dataset.hint = choiceHint(app, "shell.layers.activation.hint", "activation", activations[i]);
  }

  return {
    element,
    show({ setup, choices }) {
      sizes = setup.parameters.hidden_layer_sizes;
      activations = setup.parameters.activation;
      while (rows.children.length > sizes.length) rows.lastChild.remove();
      while (rows.children.length < sizes.length) rows.append(makeRow(rows.children.length));
      const limits = choices.hidden_layer_sizes ?? {};
      [...rows.children].forEach((row, i) => fill(row, i, { activation: choices.activation, most_units: limits.most_units }));
      add.disabled = sizes.length >= (limits.most_layers ?? Infinity);
    },
  };
}
