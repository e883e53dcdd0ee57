/** The vital signs of the layers: gradients, updates, weights, and units that are dead or saturated. */

import { integer, number } from "../format.js";
import { onChange } from "../theme.js";
import { label } from "./axes.js";
import { html, linePoints, onSize, svg, update } from "./drawing.js";
import { Picture } from "./picture.js";

const COLUMNS = ["gradient_norm", "update_ratio", "weight_norm", "dead", "saturated"];
const SHARES = [0, 0.25, 0.48, 0.68, 0.84, 1]; // where the columns begin and end
const LINE = 36;
const HEAD = 20;
const LEFT = 50;
const HISTORY = 60; // measurements that the small lines show

export function mountVitals(element, app) {
  return new Vitals(element, app);
}

class Vitals {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, { name: "vitals", heading: "h3", showsEnd: false, describe: () => this.describe(), table: () => this.table() });
    this.surface = svg("svg", { "aria-hidden": "true" });
    this.heads = html("div", { class: "no-export", "aria-hidden": "true" });
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
    const height = HEAD + LINE * Math.max(1, this.layers.length);
    update(this.surface, { width: this.width, height });
    this.picture.body.style.minHeight = `${height}px`;
    const ends = SHARES.map((share) => LEFT + share * (this.width - LEFT - 2));
    const parts = COLUMNS.map((name, k) => label(this.#columnName(name), ends[k + 1], 12, { "text-anchor": "end", class: "axis-name" }));
    this.layers.forEach((layer, i) => {
      const y = HEAD + i * LINE;
      parts.push(svg("line", { x1: 0, x2: this.width, y1: y, y2: y, class: "grid-line" }));
      parts.push(label(this.app.t("views.vitals.layer", { layer: i + 2 }), 0, y + 13, { "dominant-baseline": "central" }));
      COLUMNS.forEach((name, k) => parts.push(...this.#cell(name, layer, i, ends[k], ends[k + 1], y, scene)));
    });
    this.surface.replaceChildren(...parts);
    this.#placeHeads(ends);
    this.picture.note.textContent = this.layers.length ? this.app.t("views.vitals.note", { update: integer(this.app.store.frame.layers_at) }) : this.app.t("views.vitals.none");
    this.picture.refreshText();
  }

  #columnName(name) {
    const key = `views.vitals.${name}`;
    return this.app.t(this.width < 480 && this.app.has(`${key}.short`) ? `${key}.short` : key);
  }

  /** Invisible boxes over the names of the columns carry the rules as hover texts. */
  #placeHeads(ends) {
    if (this.headWidth === this.width) return;
    this.headWidth = this.width;
    this.heads.replaceChildren(
      ...COLUMNS.map((name, k) => {
        const head = html("div", { class: "vital-head", "data-hint": `views.vitals.${name}.hint` });
        head.style.left = `${ends[k]}px`;
        head.style.width = `${ends[k + 1] - ends[k]}px`;
        return head;
      }),
    );
  }

  #cell(name, layer, i, from, to, y, scene) {
    const value = layer[name];
    const place = { "text-anchor": "end", "dominant-baseline": "central" };
    if (Array.isArray(value)) {
      const all = scene.network.layer_sizes[i + 1];
      const text = value.length ? this.app.t("views.vitals.of", { count: value.length, all }) : "0";
      return [label(text, to, y + 13, { ...place, class: value.length ? "grid-text warning-text" : "grid-text" })];
    }
    const history = this.history.map(({ layers }) => layers[i]?.[name]);
    return [label(number(value), to, y + 13, { ...place, class: "grid-text" }), this.#spark(history, from + 12, y + 23, to - from - 12, LINE - 26)];
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
