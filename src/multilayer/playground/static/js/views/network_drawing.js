/** The network as SVG elements: made once for a layout, and only their attributes change from frame to frame. */

import { label } from "./axes.js";
import { shortNames, svg, update } from "./drawing.js";
import { layout, linkPath, thetaOffsets } from "./network_layout.js";
import { stalePattern } from "./network_trace.js";

const WIDEST = 7; // pixels, of the largest weight
const LEAST_WIDEST = 0.5; // the size of a weight of full width is at least this
const THINNEST = 0.5;
const LARGEST_BIAS = 6;
const SMALLEST_BIAS = 2.5;
const HIT = 10;

/** The badge of a dead or a saturated unit. */
export function badge(health, x, y) {
  const sign = health === "dead" ? `M${x - 3} ${y - 3}l6 6m0 -6l-6 6` : `M${x - 3.5} ${y + 3}h2.5l2 -6h2.5`;
  return [svg("circle", { cx: x, cy: y, r: 7, class: "badge-ground" }), svg("path", { d: sign, class: "badge-sign" })];
}

/** The names of units that are drawn, cut so that they differ: a map from their numbers. */
function shortOf(units, names, letters) {
  const short = shortNames(units.map(({ unit }) => names[unit]), letters);
  return new Map(units.map(({ unit }, k) => [unit, short[k]]));
}

/**
 * The nodes and links of a network in a box of `width` by `height`.
 *
 * A node is `{layer, unit, x, y, side, pitch, index, activation, isOutput, element, contour, badge}`; layers count from 1, units
 * from 0, and `index` is the place of a hidden unit's map in the array `units`. A weight is `{layer, row, column, place,
 * element, hit, d}` with `place` its index in `thetas`; biases have column 0.
 */
export class Drawing {
  constructor(surface, scene, drawn, names, width, height) {
    const { layer_sizes: sizes, activations } = scene.network;
    this.sizes = sizes;
    this.layout = layout(sizes, drawn, names, width, height);
    this.groups = {};
    for (const name of ["links", "nodes", "texts", "trace"]) this.groups[name] = svg("g", { class: `network-${name}` });
    this.halo = svg("path", { class: "link-halo no-export" });
    this.chosen = svg("path", { class: "link-halo chosen no-export" });
    this.#addNodes(activations, names);
    this.#addWeights();
    this.#addMissing(scene);
    surface.replaceChildren(stalePattern(), this.chosen, this.halo, ...Object.values(this.groups));
  }

  #addNodes(activations, names) {
    this.nodes = [];
    const { columns, letters } = this.layout;
    const short = { inputs: shortOf(columns[0].units, names.inputs, letters.inputs), outputs: shortOf(columns.at(-1).units, names.outputs, letters.outputs) };
    const last = this.sizes.length - 1;
    let before = 0;
    this.layout.columns.forEach(({ x, units, side, pitch }, k) => {
      for (const { unit, y } of units) {
        const node = { layer: k + 1, unit, x, y, side, pitch, index: before + unit, activation: activations[k - 1], isOutput: k === last };
        node.element = svg("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: 6, class: `unit ${k === 0 ? "input" : ""}`, tabindex: -1, role: "button" });
        node.contour = svg("path", { class: "unit-line" });
        node.badge = svg("g", { class: "unit-badge", "aria-hidden": "true" });
        this.groups.nodes.append(node.contour, node.element, node.badge);
        this.#addName(node, k, last, short);
        this.nodes.push(node);
      }
      if (k > 0 && k < last) before += this.sizes[k];
    });
  }

  #addName(node, k, last, short) {
    const middle = { "dominant-baseline": "central" };
    if (k === 0) this.groups.texts.append(label(short.inputs.get(node.unit), node.x - node.side / 2 - 6, node.y, { ...middle, "text-anchor": "end" }));
    if (k === last) this.groups.texts.append(label(short.outputs.get(node.unit), node.x + node.side / 2 + 6, node.y, middle));
  }

  #addWeights() {
    this.weights = [];
    const offsets = thetaOffsets(this.sizes);
    for (let l = 1; l < this.sizes.length; l++) {
      const sources = this.nodes.filter(({ layer }) => layer === l);
      const targets = this.nodes.filter(({ layer }) => layer === l + 1);
      for (const target of targets) {
        const place = (column) => offsets[l - 1] + target.unit * (this.sizes[l - 1] + 1) + column;
        this.#addBias({ layer: l, row: target.unit, column: 0, place: place(0), target });
        for (const source of sources) this.#addLink({ layer: l, row: target.unit, column: source.unit + 1, place: place(source.unit + 1), source, target });
      }
    }
    // Biases are drawn over the units.
    for (const { column, element } of this.weights) if (column === 0) this.groups.nodes.append(element);
  }

  #addBias(weight) {
    const { target } = weight;
    const [x, y] = [target.x - target.side / 2 + 1, target.y + target.side / 2 - 1];
    weight.element = weight.hit = svg("circle", { cx: x, cy: y, r: SMALLEST_BIAS, class: "bias", tabindex: -1, role: "button" });
    weight.d = `M${x - 9} ${y}a9 9 0 1 0 18 0a9 9 0 1 0 -18 0`;
    this.weights.push(weight);
  }

  #addLink(weight) {
    const { source, target } = weight;
    weight.d = linkPath(source.x + source.side / 2, source.y, target.x - target.side / 2, target.y);
    weight.element = svg("path", { d: weight.d, class: "link", "aria-hidden": "true" });
    weight.hit = svg("path", { d: weight.d, class: "link-hit no-export", "stroke-width": HIT, tabindex: -1, role: "button" });
    this.groups.links.append(weight.element, weight.hit);
    this.weights.push(weight);
  }

  #addMissing() {
    this.missing = [];
    this.layout.columns.forEach(({ x, units, side, missing }, k) => {
      if (!missing) return;
      const y = units.at(-1).y + side / 2 + 13;
      const text = label("", x, y, { "text-anchor": "middle", class: "small-text muted-text export-only" });
      this.missing.push({ text, count: missing, layer: k + 1, x, y });
      this.groups.texts.append(text);
    });
  }

  /** Widths, signs and biases of the present weights. */
  setWeights(thetas) {
    let largest = 0;
    for (const { column, place } of this.weights) if (column && Number.isFinite(thetas[place])) largest = Math.max(largest, Math.abs(thetas[place]));
    this.largest = largest;
    const widest = Math.max(LEAST_WIDEST, largest);
    for (const { column, place, element } of this.weights) {
      const value = thetas[place];
      const isNumber = !Number.isNaN(value);
      const share = isNumber ? Math.min(1, Math.abs(value) / widest) : 0;
      const sign = isNumber ? (value < 0 ? "negative" : "positive") : "no-number";
      if (column === 0) update(element, { class: `bias ${sign}`, r: (SMALLEST_BIAS + (LARGEST_BIAS - SMALLEST_BIAS) * share).toFixed(1) });
      else {
        const width = THINNEST + (WIDEST - THINNEST) * share;
        // Dashes as long as the line is wide would be dots: they grow with it.
        const dash = value < 0 ? `${(3 + 1.1 * width).toFixed(1)} ${(2.5 + 0.5 * width).toFixed(1)}` : null;
        update(element, { class: `link ${sign}`, "stroke-width": width.toFixed(2), "stroke-opacity": (0.35 + 0.6 * share).toFixed(2), "stroke-dasharray": dash });
      }
    }
  }

  /** Marks of dead and saturated units, from the field `layers` of a frame. */
  setHealth(layers) {
    for (const node of this.nodes) {
      const found = layers?.[node.layer - 2];
      node.health = found?.dead?.includes(node.unit) ? "dead" : found?.saturated?.includes(node.unit) ? "saturated" : "";
      if (node.shown === node.health) continue;
      node.shown = node.health;
      const [x, y] = [node.x + node.side / 2 - 1, node.y - node.side / 2 + 1];
      node.element.classList.toggle("dead", node.health === "dead");
      node.badge.replaceChildren();
      if (!node.health) continue;
      node.badge.append(...badge(node.health, x, y));
    }
  }

  /** The items that the arrow keys visit: units and weights in turn, column by column. */
  get keyColumns() {
    const columns = [];
    for (let l = 1; l <= this.sizes.length; l++) {
      columns.push(this.nodes.filter(({ layer }) => layer === l));
      if (l < this.sizes.length) columns.push(this.weights.filter(({ layer }) => layer === l));
    }
    return columns;
  }
}
