/** Editing in the drawing: units and activation of each layer, layers added and removed. */

import { choice, html } from "./drawing.js";

const FIRST_UNITS = 4; // of the first hidden layer that is added
const MOST_LAYERS = 8;
const LEAST_HEAD = 56; // pixels
const NARROW = 92; // of a column: numbers without their words
const TIGHT = 76; // of a column: small buttons
const MOST_HEAD = 134;

export class LayerControls {
  constructor(body, app) {
    this.app = app;
    this.box = html("div", { class: "layer-heads no-export" });
    this.pending = null;
    this.removed = null; // the layer that was removed last: the first one that is added again is like it
    body.append(this.box);
  }

  /** The hidden layers as they are, or as they were asked for and not yet answered. */
  #layers() {
    const { network } = this.app.store.scene;
    return this.pending ?? { sizes: network.layer_sizes.slice(1, -1), activations: network.activations.slice(0, network.layer_sizes.length - 2) };
  }

  async #change(edit, focus) {
    const { sizes, activations } = this.#layers();
    const next = { sizes: [...sizes], activations: [...activations] };
    edit(next);
    this.pending = next;
    this.focus = focus;
    await this.app.act("change", { parameters: { hidden_layer_sizes: next.sizes, activation: next.activations } });
    if (this.pending === next) this.pending = null;
  }

  /** Build the heads above the columns of a layout; the control that had the focus has it again. */
  build(columns, step, width) {
    const { scene } = this.app.store;
    const { sizes, activations } = this.#layers();
    this.isNarrow = step < NARROW;
    this.isTight = step < TIGHT;
    this.hasRoom = step >= LEAST_HEAD + 2;
    this.box.classList.toggle("tight", this.isTight);
    const held = this.box.contains(document.activeElement) ? document.activeElement.dataset.control : null;
    const heads = columns.map((column, k) => {
      const isHidden = k > 0 && k < columns.length - 1;
      const head = isHidden ? this.#hiddenHead(k - 1, sizes, activations, scene) : k === 0 ? this.#inputsHead(scene) : this.#outputsHead(scene, sizes);
      const toBorder = Math.min(column.x, width - column.x) - 2;
      const space = Math.max(isHidden ? 16 : LEAST_HEAD, Math.min(step - 4, 2 * toBorder, MOST_HEAD));
      const left = Math.min(Math.max(2, column.x - space / 2), width - space - 2);
      head.style.left = `${left}px`;
      head.style.width = `${space}px`;
      return head;
    });
    this.box.replaceChildren(...heads);
    const wanted = this.focus ?? held;
    if (wanted && (held || document.activeElement === document.body)) this.box.querySelector(`[data-control="${wanted}"]`)?.focus({ preventScroll: true });
    this.focus = null;
  }

  #allowed(name) {
    const controls = this.app.store.scene.lesson?.controls;
    return !controls || controls.includes(name);
  }

  #button(text, label, control, onclick, disabled = false) {
    return html("button", { type: "button", class: "layer-button", text, "data-hint": label, "aria-label": label, "data-control": control, onclick, disabled });
  }

  #hiddenHead(k, sizes, activations, scene) {
    const { t } = this.app;
    const layer = k + 2;
    const resize = (by) => this.#change((next) => (next.sizes[k] = Math.max(1, next.sizes[k] + by)), `${by > 0 ? "more" : "fewer"}-${k}`);
    const label = html("div", { class: "layer-name", text: this.isTight ? String(layer) : t("views.network.layer", { layer }), title: t("views.network.layer", { layer }) });
    // Where the columns are too close, the layers are edited in the settings.
    if (!this.hasRoom) return html("div", { class: "layer-head" }, label);
    const size = sizes[k] ?? scene.network.layer_sizes[k + 1];
    if (this.#allowed("hidden_layer_sizes")) {
      const remove = (next) => {
        this.removed = { size: next.sizes.splice(k, 1)[0], activation: next.activations.splice(k, 1)[0] };
      };
      label.append(this.#button("×", t("views.network.remove_layer", { layer }), `remove-${k}`, () => this.#change(remove, "add-layer")));
    }
    const row = html("div", { class: "layer-row" });
    const count = html("span", { class: "layer-size", text: this.isNarrow ? String(size) : t("views.network.units", { count: size }) });
    if (this.#allowed("hidden_layer_sizes"))
      row.append(
        this.#button("−", t("views.network.fewer_units", { layer }), `fewer-${k}`, () => resize(-1), size <= 1),
        count,
        this.#button("+", t("views.network.more_units", { layer }), `more-${k}`, () => resize(1)),
      );
    else row.append(count);
    return html("div", { class: "layer-head" }, label, row, this.#activation(k, activations, scene, layer));
  }

  #activation(k, activations, scene, layer) {
    const { t } = this.app;
    const names = scene.choices.activation;
    const options = [...new Set([activations[k], ...names])].filter((name) => typeof name === "string");
    const select = choice(
      t("views.network.activation", { layer }),
      options.map((name) => [name, name]),
      activations[k],
      (name) => this.#change((next) => (next.activations[k] = name), `activation-${k}`),
    );
    select.dataset.control = `activation-${k}`;
    select.disabled = !this.#allowed("activation");
    return select;
  }

  #inputsHead(scene) {
    const { t } = this.app;
    const name = html("div", { class: "layer-name", text: t("views.network.inputs") });
    const count = html("div", { class: "layer-row layer-size", text: String(scene.network.layer_sizes[0]), "data-hint": "views.network.inputs_hint" });
    return html("div", { class: "layer-head" }, name, count);
  }

  #outputsHead(scene, sizes) {
    const { t } = this.app;
    const { output, cost } = scene.network;
    const name = html("div", { class: "layer-name", text: t("views.network.outputs") });
    const row = html("div", { class: "layer-row layer-size", text: output, "data-hint": t("views.network.outputs_hint", { output, cost }) });
    const head = html("div", { class: "layer-head" }, name, row);
    if (!this.#allowed("hidden_layer_sizes")) return head;
    const add = (next) => {
      next.sizes.push(next.sizes.at(-1) ?? this.removed?.size ?? FIRST_UNITS);
      next.activations.push(next.activations.at(-1) ?? this.removed?.activation ?? scene.choices.activation[0]);
    };
    const isFull = sizes.length >= MOST_LAYERS;
    const button = this.#button(t("views.network.add_layer_short"), t("views.network.add_layer"), "add-layer", () => this.#change(add, "add-layer"), isFull);
    button.classList.add("add-layer");
    head.append(button);
    return head;
  }
}
