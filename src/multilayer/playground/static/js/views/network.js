/** The network: units with their own boundaries, weights as links, editing in the drawing. */

import { number } from "../format.js";
import { onChange } from "../theme.js";
import { label } from "./axes.js";
import { fitCanvas, onSize, svg, update } from "./drawing.js";
import { LayerControls } from "./network_controls.js";
import { Drawing } from "./network_drawing.js";
import { drawnUnits, inputsOfColumns } from "./network_layout.js";
import { Legend } from "./network_legend.js";
import { MissingUnits } from "./network_missing.js";
import { drawTrace } from "./network_trace.js";
import { UnitMaps } from "./network_units.js";
import { Picture, Tip } from "./picture.js";

let present = null;

export function mount(element, app) {
  present = new Network(element, app);
}

/**
 * Write the values of one pass in the units; null takes them away.
 *
 * `trace` is `{A, Z, delta, stale: {A, Z, delta}}`: lists for the layers, A from layer 1, Z and delta from layer 2, each a
 * list for the units, or null where nothing is computed yet. `stale` says of each layer whether its values are old.
 */
export function showTrace(trace) {
  present?.showTrace(trace);
}

class Network {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, { name: "network", role: "group", describe: () => this.refreshTexts(), table: () => this.table() });
    const { body } = this.picture;
    this.canvas = document.createElement("canvas");
    this.surface = svg("svg", { role: "group", "aria-label": app.t("views.network.keys") });
    body.append(this.canvas, this.surface);
    this.maps = new UnitMaps(this.canvas);
    this.tip = new Tip(body);
    this.controls = new LayerControls(body, app);
    this.legend = new Legend(body, app, (text, x, y) => this.tip.show([text], x, y));
    this.missing = new MissingUnits(this, app);
    this.trace = null;
    this.#listen(body);
  }

  #listen(body) {
    const { store } = this.app;
    onSize(body, (width, height) => {
      Object.assign(this, { width, height });
      this.build();
    });
    onChange(() => {
      this.maps.forget();
      this.drawFrame();
    });
    store.subscribe("scene", () => this.build());
    store.subscribe("frame", () => this.drawFrame());
    store.subscribe("selection", () => this.drawSelection());
    this.surface.addEventListener("pointerover", (event) => this.#enter(event.target));
    this.surface.addEventListener("pointerleave", () => this.#leave());
    this.surface.addEventListener("focusin", (event) => this.#enter(event.target));
    this.surface.addEventListener("focusout", () => this.#leave());
    this.surface.addEventListener("click", (event) => this.#choose(event.target));
    this.surface.addEventListener("keydown", (event) => this.#key(event));
  }

  get names() {
    const { scene } = this.app.store;
    const { classes, task, target, inputs } = scene.data;
    const n = scene.network.layer_sizes.at(-1);
    return { inputs, outputs: task === "regression" ? [target] : n === 1 ? [classes[1]] : classes };
  }

  thetas() {
    const { scene, frame } = this.app.store;
    return frame && frame.scene === scene?.scene ? frame.arrays.get("thetas")?.data : null;
  }

  /** Make the drawing anew: another scene, another run or another size. */
  build() {
    const { scene, frame } = this.app.store;
    if (!scene || !this.width) return;
    const thetas = this.thetas();
    this.drawn = this.#drawn(scene, thetas);
    this.builtWith = thetas ? frame.run : null;
    this.drawing = new Drawing(this.surface, scene, this.drawn, this.names, this.width, this.height);
    const { columns, step } = this.drawing.layout;
    this.missing.build(this.drawing.missing, this.width);
    this.controls.build(columns, step, this.width);
    this.surface.append(this.legend.build(this.width, this.height), this.#layerNames());
    update(this.surface, { width: this.width, height: this.height });
    this.maps.prepare(fitCanvas(this.canvas, this.width, this.height), this.drawing.nodes);
    this.items = new Map();
    for (const node of this.drawing.nodes) this.items.set(node.element, node);
    for (const weight of this.drawing.weights) this.items.set(weight.hit, weight);
    this.#rove(this.drawing.nodes[0]);
    this.refreshTexts();
    drawTrace(this.drawing.groups.trace, this.drawing.nodes, this.trace);
    this.drawFrame();
    this.drawSelection();
  }

  /** The numbers of the units that are drawn, layer after layer. */
  #drawn(scene, thetas) {
    const { data, view, network } = scene;
    const plane = view?.plane ?? {};
    const columns = inputsOfColumns([plane.x, plane.y], data.inputs, data.columns.map(({ name }) => name));
    return drawnUnits(network.layer_sizes, thetas, this.width, this.height, columns);
  }

  /** Which units have the largest weights is asked for each run, and whenever training pauses: while it plays, units would jump. */
  #isOutdated(scene, frame, thetas) {
    if (!this.drawing.missing.length) return false;
    if (this.builtWith !== frame.run) return true;
    if (frame.is_playing || this.surface.contains(document.activeElement)) return false;
    return String(this.#drawn(scene, thetas)) !== String(this.drawn);
  }

  /** On the page, the names of the layers are HTML with controls; an exported file has them as text. */
  #layerNames() {
    const { t, store } = this.app;
    const { layer_sizes: sizes, activations, output } = store.scene.network;
    const group = svg("g", { class: "export-only", "aria-hidden": "true" });
    this.drawing.layout.columns.forEach(({ x }, k) => {
      const isInput = k === 0;
      const isOutput = k === sizes.length - 1;
      const name = isInput ? t("views.network.inputs") : isOutput ? t("views.network.outputs") : t("views.network.layer", { layer: k + 1 });
      const what = isInput ? String(sizes[0]) : `${isOutput ? output : activations[k - 1]}, ${sizes[k]}`;
      group.append(label(name, x, 30, { "text-anchor": "middle", "font-weight": 600 }), label(what, x, 46, { "text-anchor": "middle", class: "small-text muted-text" }));
    });
    return group;
  }

  drawFrame() {
    const { scene, frame } = this.app.store;
    const thetas = this.thetas();
    if (!this.drawing || !thetas) return;
    if (this.#isOutdated(scene, frame, thetas)) return this.build();
    this.drawing.setWeights(thetas);
    this.drawing.setHealth(frame.layers);
    this.maps.draw(this.drawing.nodes, scene, frame, this.width, this.height);
    const all = (name) => frame.layers?.reduce((sum, layer) => sum + (layer[name]?.length ?? 0), 0) ?? 0;
    this.legend.show(this.drawing.largest, { dead: all("dead"), saturated: all("saturated") });
    if (this.active) this.#showTip(this.active);
    this.picture.refreshText();
  }

  showTrace(trace) {
    this.trace = trace;
    if (this.drawing) drawTrace(this.drawing.groups.trace, this.drawing.nodes, trace);
    this.picture.body.classList.toggle("tracing", Boolean(trace));
  }

  /** The name of unit `unit` (from 0) of layer `layer` (from 1). */
  unitName(layer, unit) {
    const { t, store } = this.app;
    if (layer === 1) return this.names.inputs[unit];
    const isOutput = layer === store.scene.network.layer_sizes.length;
    return t(isOutput ? "views.network.output_name" : "views.network.unit_name", { unit: unit + 1, layer, name: this.names.outputs[unit] ?? "" });
  }

  /** What a unit or a weight is and has now, in lines of text. */
  lines(item) {
    const { t } = this.app;
    const thetas = this.thetas();
    if (item.place !== undefined) {
      const { layer, row, column, place } = item;
      const from = column ? this.unitName(layer, column - 1) : t("views.network.bias");
      const value = thetas ? number(thetas[place], 5) : "–";
      return [`Theta_${layer}[${row}, ${column}] = ${value}`, t("views.network.from_to", { from, to: this.unitName(layer + 1, row) })];
    }
    const found = [this.unitName(item.layer, item.unit)];
    if (item.layer === 1) return [...found, t("views.network.is_input")];
    const bias = this.drawing.weights.find(({ layer, row, column }) => layer === item.layer - 1 && row === item.unit && column === 0);
    if (!item.isOutput) found.push(t("views.network.has_activation", { activation: item.activation }));
    if (thetas && bias) found.push(t("views.network.has_bias", { value: number(thetas[bias.place]) }));
    if (item.health) found.push(t(`views.network.${item.health}`));
    return found;
  }

  #enter(element) {
    const item = this.items?.get(element);
    if (!item) return this.#leave();
    this.active = item;
    update(element, { "aria-label": this.lines(item).join(", ") });
    update(this.drawing.halo, { d: item.d ?? "" });
    this.#showTip(item);
  }

  #showTip(item) {
    const x = item.x ?? (item.column ? (item.source.x + item.target.x) / 2 : item.target.x - item.target.side / 2);
    const y = item.y ?? (item.column ? (item.source.y + item.target.y) / 2 : item.target.y + item.target.side / 2);
    this.tip.show(this.lines(item), x + (item.side ?? 0) / 2 - 6, y);
  }

  #leave() {
    this.active = null;
    this.tip.hide();
    if (this.drawing) update(this.drawing.halo, { d: "" });
  }

  #choose(element) {
    const item = this.items?.get(element);
    if (!item) return;
    const { layer, row, column, unit } = item;
    if (column !== undefined) this.app.store.select({ kind: "weight", layer, row, column });
    else if (layer > 1) this.app.store.select({ kind: "unit", layer, unit });
  }

  drawSelection() {
    if (!this.drawing) return;
    const { selection } = this.app.store;
    const weight = selection?.kind === "weight" && this.drawing.weights.find(({ layer, row, column }) => layer === selection.layer && row === selection.row && column === selection.column);
    update(this.drawing.chosen, { d: weight ? weight.d : "" });
    for (const node of this.drawing.nodes) {
      const isChosen = selection?.kind === "unit" && node.layer === selection.layer && node.unit === selection.unit;
      node.element.classList.toggle("chosen", isChosen);
    }
  }

  /** One unit or weight is in the Tab order; the arrow keys move between them. */
  #rove(item) {
    const element = item.hit ?? item.element;
    this.tabbed?.setAttribute("tabindex", -1);
    this.tabbed = element;
    element.setAttribute("tabindex", 0);
    return element;
  }

  #key(event) {
    const item = this.items?.get(event.target);
    if (!item) return;
    if (event.key === "Enter" || event.key === " ") this.#choose(event.target);
    else {
      const next = this.#neighbour(item, event.key);
      if (!next) return;
      this.#rove(next).focus({ preventScroll: true });
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #neighbour(item, key) {
    const columns = this.drawing.keyColumns;
    const k = columns.findIndex((column) => column.includes(item));
    const column = columns[k];
    const at = column.indexOf(item);
    const isWeight = item.place !== undefined;
    if (key === "ArrowDown") return column[Math.min(at + 1, column.length - 1)];
    if (key === "ArrowUp") return column[Math.max(at - 1, 0)];
    if (key === "Home") return columns[0][0];
    if (key === "End") return columns.at(-1).at(-1);
    if (key === "ArrowRight") return isWeight ? item.target : columns[k + 1]?.find(({ source }) => source === item);
    if (key === "ArrowLeft") return isWeight ? item.source ?? item.target : columns[k - 1]?.find(({ target }) => target === item);
    return null;
  }

  /** The texts of all units and weights, and that of the picture. */
  refreshTexts() {
    for (const [element, item] of this.items ?? []) update(element, { "aria-label": this.lines(item).join(", ") });
    return this.describe();
  }

  describe() {
    const { t, store } = this.app;
    const { scene, frame } = store;
    if (!scene || !this.drawing) return this.picture.title;
    const { layer_sizes: sizes, n_parameters: count } = scene.network;
    const sick = (name) => this.drawing.nodes.filter(({ health }) => health === name).length;
    const values = { sizes: sizes.join("-"), count, update: frame?.update ?? 0, largest: number(this.drawing.largest), dead: sick("dead"), saturated: sick("saturated") };
    return t("views.network.describe", values);
  }

  table() {
    const { t, store } = this.app;
    const sizes = store.scene.network.layer_sizes;
    const thetas = this.thetas();
    const tables = [];
    let place = 0;
    for (let l = 1; l < sizes.length; l++) {
      const columns = [t("views.network.to"), t("views.network.bias"), ...Array.from({ length: sizes[l - 1] }, (_, j) => this.unitName(l, j))];
      const rows = [];
      for (let i = 0; i < sizes[l]; i++) {
        rows.push([this.unitName(l + 1, i), ...Array.from({ length: sizes[l - 1] + 1 }, (_, j) => thetas?.[place + j] ?? null)]);
        place += sizes[l - 1] + 1;
      }
      tables.push({ caption: `Theta_${l}`, columns, rows });
    }
    return tables;
  }
}
