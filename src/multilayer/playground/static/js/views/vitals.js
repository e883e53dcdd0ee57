/** The vital signs of the layers: gradients, updates, weights, and units that are dead or saturated. */

import { number } from "../format.js";
import { onChange } from "../theme.js";
import { label } from "./axes.js";
import { html, linePoints, onSize, svg, update } from "./drawing.js";
import { Picture } from "./picture.js";

const COLUMNS = ["gradient_norm", "update_ratio", "weight_norm", "dead", "saturated"];
const LINE = 30;
const HEAD = 22;
const HISTORY = 60; // measurements that the small lines show

export function mountVitals(element, app) {
  return new Vitals(element, app);
}

class Vitals {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, { name: "vitals", heading: "h3", describe: () => this.describe(), table: () => this.table() });
    this.surface = svg("svg", { "aria-hidden": "true" });
    this.heads = html("div", { class: "vital-heads no-export", "aria-hidden": "true" });
    this.picture.body.append(this.surface, this.heads);
    this.history = [];
    onSize(this.picture.body, (width) => {
      this.width = width;
      this.draw();
    });
    onChange(() => this.draw());
    app.store.subscribe("scene", () => this.draw());
    app.store.subscribe("frame", () => this.#measure());
  }

  /** Keep the newest measurement, once for each time that the layers were measured. */
  #measure() {
    const { frame } = this.app.store;
    if (!frame.layers?.length) return;
    const run = `${frame.scene} ${frame.run}`;
    if (run !== this.run) this.history = [];
    this.run = run;
    const last = this.history.at(-1);
    if (last?.at === frame.layers_at) return;
    if (last && last.at > frame.layers_at) this.history = this.history.filter(({ at }) => at < frame.layers_at);
    this.history.push({ at: frame.layers_at, layers: frame.layers });
    if (this.history.length > HISTORY) this.history.shift();
    this.draw();
  }

  get layers() {
    const { scene, frame } = this.app.store;
    return frame && scene && frame.scene === scene.scene ? frame.layers ?? [] : [];
  }

  draw() {
    const { scene } = this.app.store;
    if (!this.width || !scene) return;
    const left = 58;
    const step = (this.width - left - 4) / COLUMNS.length;
    const height = HEAD + LINE * Math.max(1, this.layers.length);
    update(this.surface, { width: this.width, height });
    this.picture.body.style.minHeight = `${height}px`;
    const parts = COLUMNS.map((name, k) => label(this.#columnName(name, step), left + (k + 1) * step - 4, 13, { "text-anchor": "end", class: "axis-name" }));
    this.layers.forEach((layer, i) => {
      const y = HEAD + i * LINE;
      parts.push(svg("line", { x1: 0, x2: this.width, y1: y, y2: y, class: "grid-line" }));
      parts.push(label(this.app.t("views.vitals.layer", { layer: i + 2 }), 2, y + LINE / 2, { "dominant-baseline": "central" }));
      COLUMNS.forEach((name, k) => parts.push(...this.#cell(name, layer, i, left + k * step, y, step, scene)));
    });
    this.surface.replaceChildren(...parts);
    this.#placeHeads(left, step);
    this.picture.note.textContent = this.layers.length ? this.app.t("views.vitals.note", { update: number(this.app.store.frame.layers_at) }) : this.app.t("views.vitals.none");
    this.picture.refreshText();
  }

  #columnName(name, step) {
    const key = `views.vitals.${name}`;
    return this.app.t(step < 78 && this.app.has(`${key}.short`) ? `${key}.short` : key);
  }

  /** Invisible boxes over the names of the columns carry the rules as hover texts. */
  #placeHeads(left, step) {
    if (this.headStep === step) return;
    this.headStep = step;
    this.heads.replaceChildren(
      ...COLUMNS.map((name, k) => {
        const head = html("div", { class: "vital-head", "data-hint": `views.vitals.${name}.hint` });
        head.style.left = `${left + k * step}px`;
        head.style.width = `${step}px`;
        return head;
      }),
    );
  }

  #cell(name, layer, i, x, y, step, scene) {
    const value = layer[name];
    const place = { "text-anchor": "end", "dominant-baseline": "central" };
    if (Array.isArray(value)) {
      const all = scene.network.layer_sizes[i + 1];
      const text = value.length ? this.app.t("views.vitals.of", { count: value.length, all }) : "0";
      return [label(text, x + step - 4, y + LINE / 2, { ...place, class: value.length ? "grid-text warning-text" : "grid-text" })];
    }
    const parts = [label(number(value), x + step - 4, y + LINE / 2, { ...place, class: "grid-text" })];
    const room = step - 62;
    if (room > 14) parts.push(this.#spark(this.history.map(({ layers }) => layers[i]?.[name]), x + 6, y + 6, room, LINE - 12));
    return parts;
  }

  /** A small line of the measurements so far, on a logarithmic scale. */
  #spark(values, x, y, width, height) {
    const logs = values.map((value) => (value > 0 ? Math.log10(value) : null));
    const known = logs.filter((value) => value !== null);
    const low = Math.min(...known);
    const span = Math.max(Math.max(...known) - low, 0.5);
    const points = logs.map((value, k) => (value === null ? null : [x + (logs.length > 1 ? k / (logs.length - 1) : 1) * width, y + height - ((value - low) / span) * height]));
    return svg("path", { class: "spark", d: known.length > 1 ? linePoints(points.filter(Boolean)) : "" });
  }

  describe() {
    const { t } = this.app;
    if (!this.layers.length) return t("views.vitals.none");
    return this.layers
      .map((layer, i) => t("views.vitals.describe", { layer: i + 2, gradient: number(layer.gradient_norm), ratio: number(layer.update_ratio), dead: layer.dead?.length ?? 0, saturated: layer.saturated?.length ?? 0 }))
      .join(" ");
  }

  table() {
    const { t } = this.app;
    const rows = this.layers.map((layer, i) => [t("views.vitals.layer", { layer: i + 2 }), ...COLUMNS.map((name) => (Array.isArray(layer[name]) ? layer[name].map((unit) => unit + 1).join(", ") || "0" : layer[name] ?? null))]);
    return [{ caption: this.picture.title, columns: [t("views.vitals.name"), ...COLUMNS.map((name) => t(`views.vitals.${name}`))], rows }];
  }
}
