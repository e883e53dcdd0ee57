/** Cost and score by epoch: this run, its earlier futures, other seeds, and a cursor that goes back to any epoch. */

import { label } from "./axes.js";
import { KEYS, band, decimated, epochAt, linePath, range, updateAt } from "./curve_data.js";
import { curveAxes, curveLegend } from "./curves_axes.js";
import { curveTables, describeCurves, legendEntries, valuesAt } from "./curves_texts.js";
import { choice, html, onSize, scale, shorten, svg, update } from "./drawing.js";
import { Picture, Tip } from "./picture.js";

const LARGEST = 1e300; // differences of larger costs are not finite
const MARGIN = { left: 52, right: 12, top: 24, bottom: 34 };

export function mount(element, app) {
  new Curves(element, app);
}

class Curves {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, { name: "curves", role: "group", describe: () => describeCurves(this), table: () => curveTables(this), header: this.#header() });
    this.quantity = "cost";
    this.isLog = false;
    this.surface = svg("svg", { "aria-hidden": "true" });
    this.groups = {};
    for (const name of ["axes", "band", "updates", "ghosts", "lines", "marks", "legend", "cursor"]) this.surface.append((this.groups[name] = svg("g", { class: `curves-${name}` })));
    this.picture.body.append(this.surface);
    this.slider = this.#slider();
    this.tip = new Tip(this.picture.body);
    this.#controls();
    this.#listen();
  }

  /** The tools stand in the row of the panel, beside those of the seeds. */
  #header() {
    const tools = document.getElementById("curves-tools");
    const header = html("div", { class: "curves-header" });
    tools?.append(header);
    return tools ? header : null;
  }

  #controls() {
    const { t } = this.app;
    const names = ["cost", "score"].map((name) => [name, t(`views.curves.${name}`)]);
    this.quantityChoice = choice(t("views.curves.quantity"), names, this.quantity, (name) => {
      this.quantity = name;
      this.log.disabled = name === "score";
      this.draw();
    });
    this.log = html("input", { type: "checkbox" });
    this.log.addEventListener("change", () => {
      this.isLog = this.log.checked;
      this.draw();
    });
    const logLabel = html("label", { class: "picture-check", "data-hint": "views.curves.log.hint" }, this.log, t("views.curves.log"));
    this.picture.tools.append(this.quantityChoice, logLabel);
  }

  /** Over the drawing lies a slider for the keyboard and for screen readers: the epoch of the cursor. */
  #slider() {
    const slider = html("div", { class: "curves-slider no-export", role: "slider", tabindex: 0, "aria-label": this.app.t("views.curves.cursor"), "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 });
    this.picture.body.append(slider);
    return slider;
  }

  #listen() {
    const { store } = this.app;
    onSize(this.picture.body, (width, height) => {
      Object.assign(this, { width, height });
      this.draw();
    });
    for (const topic of ["scene", "frame", "seeds"]) store.subscribe(topic, () => this.draw());
    store.subscribe("cursor", () => this.drawCursor());
    this.slider.addEventListener("pointermove", (event) => this.#move(event));
    this.slider.addEventListener("pointerleave", () => store.setCursor(null));
    this.slider.addEventListener("blur", () => store.setCursor(null));
    this.slider.addEventListener("click", (event) => {
      this.#move(event); // a finger has left before the click arrives
      this.#go();
    });
    this.slider.addEventListener("keydown", (event) => this.#key(event));
  }

  #move(event) {
    if (!this.x) return;
    const place = this.picture.body.getBoundingClientRect();
    const epoch = Math.round(this.x.invert(event.clientX - place.left));
    this.pointerY = event.clientY - place.top;
    this.app.store.setCursor(Math.min(Math.max(0, epoch), this.epochs));
  }

  #key(event) {
    const { store } = this.app;
    const step = Math.max(1, Math.round(this.epochs / 100));
    const now = store.cursor ?? store.frame?.epoch ?? 0;
    const moves = { ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step, PageDown: now - 10 * step, PageUp: now + 10 * step, Home: 0, End: this.epochs };
    if (event.key === "Enter") this.#go();
    else if (event.key === "Escape") store.setCursor(null);
    else if (event.key in moves) store.setCursor(Math.min(Math.max(0, Math.floor(moves[event.key])), this.epochs));
    else return;
    this.pointerY = null;
    event.preventDefault();
    event.stopPropagation();
  }

  #go() {
    const { store } = this.app;
    if (store.cursor === null || !store.frame) return;
    this.app.act("go_to", { update: updateAt(store.cursor, store.scene.segments, store.frame) });
  }

  /** Number of epochs that have values. */
  get epochs() {
    const { curves } = this.app.store;
    return Math.max(curves.costs.length, curves.validation_costs.length, curves.validation_scores.length);
  }

  get scoreName() {
    return this.app.t(this.app.store.scene?.data.task === "regression" ? "views.curves.r2" : "views.curves.accuracy");
  }

  /** The lines to be drawn: `{name, values, from, look}`. */
  lines() {
    const { curves, scene } = this.app.store;
    const names = { costs: "training", validation_costs: "validation", validation_scores: "validation" };
    const lines = KEYS[this.quantity].map((key) => ({ key, values: curves[key], from: 0, look: names[key] }));
    const ghosts = (scene?.ghosts ?? []).flatMap((ghost) => KEYS[this.quantity].map((key) => ({ key, values: ghost[key] ?? [], from: ghost.from ?? 0, look: `${names[key]} ghost`, label: ghost.label })));
    return { lines: lines.filter(({ values }) => values.some(Number.isFinite)), ghosts: ghosts.filter(({ values }) => values.some(Number.isFinite)) };
  }

  /** The smallest, median and largest of the seeds, at their epochs. */
  get seedsBand() {
    const { seeds } = this.app.store;
    const runs = seeds && (this.quantity === "cost" ? seeds.validation_costs?.some((run) => run?.some(Number.isFinite)) ? seeds.validation_costs : seeds.costs : seeds.validation_scores);
    if (!runs?.length) return null;
    const rows = band(runs);
    const at = seeds.at ?? rows.map((_, k) => k + 1);
    return { rows, at };
  }

  /** Costs of the batches of the present epoch, where it has several: `{costs, from, at, end}`; null after a rewind. */
  get updates() {
    const { scene, frame } = this.app.store;
    const costs = frame?.updates?.costs ?? [];
    if (this.quantity !== "cost" || costs.length < 2 || frame.scene !== scene.scene || frame.update < frame.last_update) return null;
    const at = (update) => epochAt(update, scene.segments, frame);
    return { costs, from: frame.updates.from, at, end: at(frame.updates.from + costs.length) };
  }

  draw() {
    const { store } = this.app;
    if (!this.width || !store.scene) return;
    this.quantityChoice.options[1].textContent = this.scoreName;
    const logarithmic = this.isLog && this.quantity === "cost";
    const isShown = (value) => Math.abs(value) < LARGEST && value !== null && (!logarithmic || value > 0);
    const { lines, ghosts } = this.lines();
    const seeds = this.seedsBand;
    const updates = this.updates;
    const epochs = Math.max(this.epochs, updates?.end ?? 0, ...ghosts.map(({ from, values }) => from + values.length), ...(seeds ? seeds.at : []), 10);
    this.#scales(epochs, lines, ghosts, seeds, isShown, logarithmic);
    this.#drawAxes(epochs, logarithmic);
    this.#drawBand(seeds, isShown);
    this.#drawUpdates(updates, isShown);
    this.#drawLines(this.groups.ghosts, ghosts, isShown);
    this.#drawLines(this.groups.lines, lines, isShown);
    this.#drawMarks(epochs);
    this.#drawLegend(legendEntries(this.app, { lines, ghosts, seeds, updates }));
    Object.assign(this, { shown: lines, ghosts });
    this.drawCursor();
    this.picture.refreshText();
  }

  #scales(epochs, lines, ghosts, seeds, isShown, logarithmic) {
    const lists = [...lines, ...ghosts].map(({ values }) => values);
    if (!lists.length && this.updates) lists.push(this.updates.costs);
    if (seeds) lists.push(seeds.rows.map((row) => row[0]), seeds.rows.map((row) => row[2]));
    if (this.quantity === "score") lists.push(this.baselines().map(({ validation }) => validation));
    let [low, high] = range(lists, isShown) ?? (logarithmic ? [0.1, 1] : [0, 1]);
    if (logarithmic) [low, high] = [low / 1.15, high * 1.15];
    else {
      if (low > 0 && this.quantity === "cost") low = 0;
      const room = (high - low || 1) * 0.05;
      [low, high] = [low === 0 ? 0 : low - room, high + room];
      if (this.quantity === "score") high = Math.min(high, 1.005);
    }
    this.box = { left: MARGIN.left, top: MARGIN.top, right: this.width - MARGIN.right, bottom: this.height - MARGIN.bottom };
    this.x = scale(0, epochs, this.box.left, this.box.right);
    this.y = scale(low, high, this.box.bottom, this.box.top, logarithmic);
    Object.assign(this, { low, high });
  }

  #drawAxes(epochs, logarithmic) {
    const { low, high } = this;
    const key = [this.width, this.height, epochs, low, high, logarithmic, this.quantity].join(" ");
    if (key === this.axesKey) return;
    this.axesKey = key;
    const names = { x: this.app.t("views.curves.epoch"), y: this.quantity === "cost" ? this.app.t("views.curves.cost_axis") : this.scoreName };
    this.groups.axes.replaceChildren(...curveAxes(this, this.box, { epochs, low, high, logarithmic }, names));
  }

  #drawBand(seeds, isShown) {
    const { band: group } = this.groups;
    if (!seeds) return group.replaceChildren();
    const points = seeds.rows.map((row, k) => [this.x(seeds.at[k]), ...row]).filter((row) => row.slice(1).every(isShown));
    const text = (list) => list.map(([x, value]) => `${x.toFixed(1)} ${this.y(value).toFixed(1)}`).join("L");
    const low = points.map(([x, value]) => [x, value]);
    const high = points.map(([x, , , value]) => [x, value]);
    const middle = points.map(([x, , value]) => [x, value]);
    if (!points.length) return group.replaceChildren();
    group.replaceChildren(svg("path", { d: `M${text(high)}L${text(low.reverse())}Z`, class: "seeds-band" }), svg("path", { d: `M${text(middle)}`, class: "seeds-middle" }));
  }

  /** The batches differ from each other more than the epochs do: their line may end at the border of the plot. */
  #drawUpdates(updates, isShown) {
    const [path] = this.groups.updates.children.length ? this.groups.updates.children : [this.groups.updates.appendChild(svg("path", { class: "curve updates" }))];
    if (!updates) return update(path, { d: "" });
    const x = (number) => this.x(updates.at(number));
    const y = (value) => Math.min(this.box.bottom, Math.max(this.box.top, this.y(value)));
    update(path, { d: linePath(decimated(updates.costs, updates.from, x, y, isShown)) });
  }

  /** One path for each line; the paths are kept from frame to frame. */
  #drawLines(group, lines, isShown) {
    while (group.childNodes.length > lines.length) group.lastChild.remove();
    lines.forEach(({ values, from, look }, k) => {
      const path = group.childNodes[k] ?? group.appendChild(svg("path"));
      update(path, { class: `curve ${look}`, d: linePath(decimated(values, from, this.x, this.y, isShown)) });
    });
  }

  baselines() {
    return (this.app.store.scene?.baselines ?? []).filter(({ validation, train }) => Number.isFinite(validation ?? train));
  }

  /** Changes of parameters, the present position after a rewind, and the scores of the simple models. */
  #drawMarks(epochs) {
    const { scene, frame } = this.app.store;
    const parts = [];
    if (this.quantity === "score")
      for (const { title, validation, train } of this.baselines()) {
        const y = this.y(validation ?? train);
        if (!(y >= MARGIN.top - 1 && y <= this.box.bottom + 1)) continue;
        parts.push(svg("line", { x1: MARGIN.left, x2: this.box.right, y1: y, y2: y, class: "baseline" }));
        parts.push(label(shorten(title, 26), this.box.right - 2, y > MARGIN.top + 14 ? y - 4 : y + 12, { "text-anchor": "end", class: "small-text muted-text halo-text" }));
      }
    for (const segment of (scene.segments ?? []).slice(1)) {
      if (segment.epoch > epochs) continue;
      const x = this.x(segment.epoch);
      parts.push(svg("line", { x1: x, x2: x, y1: MARGIN.top, y2: this.box.bottom, class: "segment-line" }), svg("path", { d: `M${x - 5} ${MARGIN.top - 7}h10l-5 7z`, class: "segment-mark" }));
    }
    if (frame && frame.scene === scene.scene && frame.epoch < this.epochs) {
      const x = this.x(frame.epoch);
      parts.push(svg("line", { x1: x, x2: x, y1: MARGIN.top, y2: this.box.bottom, class: "position-line" }));
    }
    this.groups.marks.replaceChildren(...parts);
  }

  #drawLegend(entries) {
    const key = `${this.width} ${entries.join("|")}`;
    if (key === this.legendKey) return;
    this.legendKey = key;
    this.groups.legend.replaceChildren(...curveLegend(entries, MARGIN.left, this.width));
  }

  drawCursor() {
    const { store } = this.app;
    const { cursor } = store;
    const parts = [];
    const epoch = cursor ?? store.frame?.epoch ?? 0;
    update(this.slider, { "aria-valuemax": this.epochs, "aria-valuenow": Math.floor(epoch) });
    if (cursor === null || !this.x || cursor > this.epochs) {
      this.tip.hide();
      return this.groups.cursor.replaceChildren();
    }
    const lines = valuesAt(this, cursor);
    update(this.slider, { "aria-valuetext": lines.join(", ") });
    const x = this.x(cursor);
    parts.push(svg("line", { x1: x, x2: x, y1: MARGIN.top, y2: this.box.bottom, class: "cursor-line" }));
    for (const { values, from, look } of this.shown ?? []) {
      const value = values[cursor - from - 1];
      const y = Number.isFinite(value) && (value > 0 || !this.isLog) ? this.y(value) : NaN;
      if (Number.isFinite(y)) parts.push(svg("circle", { cx: x, cy: y, r: 3.5, class: `cursor-dot ${look}` }));
    }
    this.groups.cursor.replaceChildren(...parts);
    this.tip.show([...lines, this.app.t("views.curves.click")], x, this.pointerY ?? MARGIN.top + 10);
  }
}
