/** The prediction over the plane: probabilities or classes as a map, decision lines, and the rows as marks. */

import { onChange } from "../theme.js";
import { planeAxes } from "./axes.js";
import { LEGEND_TOP, colourBar, legendElements, legendEntryAt, markElement } from "./boundary_legend.js";
import { boundaryTable, describeBoundary, pointerLines } from "./boundary_texts.js";
import { decisionLines, segmentsPath } from "./contours.js";
import { choice, fitCanvas, onSize, svg, ticks, update } from "./drawing.js";
import { LongNote } from "./long_note.js";
import { Picture, Tip } from "./picture.js";
import { MISTAKE_RADIUS, isOfScene, meaning, paintMap, paintMistakes, paintRows, ringStyle, rowsOnPlane, sizeOfMarks } from "./plane.js";

const MARGIN = { left: 58, right: 14, bottom: 36 };
const BAR_SPACE = 62; // for the colour bar of amounts
const REACH = 12; // pixels around the pointer in which a row is found
const KEY_STEP = 1 / 24; // of the plane, for one press of an arrow key

export function mount(element, app) {
  new Boundary(element, app);
}

class Boundary {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, {
      name: "boundary",
      role: "group",
      describe: () => describeBoundary(app),
      table: () => boundaryTable(app),
      vectors: () => this.vectors(),
    });
    this.mode = "probability";
    this.which = "all";
    this.grid = document.createElement("canvas");
    this.map = document.createElement("canvas");
    this.marks = document.createElement("canvas");
    this.marksBehind = document.createElement("canvas");
    this.lines = svg("svg", { "aria-hidden": "true" });
    this.over = svg("svg", { "aria-hidden": "true", class: "no-export" });
    this.picture.body.append(this.map, this.lines, this.marks, this.over);
    this.tip = new Tip(this.picture.body);
    this.note = new LongNote(this.picture.note, app);
    this.#controls();
    this.#listen();
  }

  #controls() {
    const { t } = this.app;
    const names = (group, list) => list.map((name) => [name, t(`views.boundary.${group}.${name}`)]);
    this.modeChoice = choice(t("views.boundary.mode.label"), names("mode", ["probability", "classes"]), this.mode, (mode) => {
      this.mode = mode;
      this.drawFrame();
    });
    const parts = ["all", "training", "validation", "mistakes", "none"];
    this.whichChoice = choice(t("views.boundary.rows.label"), names("rows", parts), this.which, (which) => {
      this.which = which;
      this.drawScene();
    });
    this.picture.tools.append(this.modeChoice, this.whichChoice);
  }

  #listen() {
    const { body } = this.picture;
    const { store } = this.app;
    body.tabIndex = 0;
    onSize(body, (width, height) => {
      Object.assign(this, { width, height });
      this.drawScene();
    });
    onChange(() => this.drawScene());
    store.subscribe("scene", () => this.drawScene());
    store.subscribe("frame", () => this.drawFrame());
    store.subscribe("selection", () => this.drawSelection());
    const point = (event) => {
      const place = body.getBoundingClientRect();
      this.point(event.clientX - place.left, event.clientY - place.top);
    };
    body.addEventListener("pointermove", point);
    body.addEventListener("pointerleave", () => this.leave());
    body.addEventListener("blur", () => this.leave());
    // A finger has left before the click arrives.
    body.addEventListener("click", (event) => {
      point(event);
      this.choose();
    });
    body.addEventListener("keydown", (event) => this.key(event));
  }

  get isReady() {
    return Boolean(this.width && this.app.store.scene?.view?.x);
  }

  /** The axes, the legend and the rows: what stays the same from frame to frame. */
  drawScene() {
    if (!this.isReady) return this.#clear();
    const { scene, frame } = this.app.store;
    this.kind = meaning(scene);
    const isAmount = this.kind.task === "regression";
    this.modeChoice.hidden = isAmount;
    const legend = legendElements(this.app, this.kind, this.width);
    const right = isAmount ? BAR_SPACE : MARGIN.right;
    const top = LEGEND_TOP + legend.height;
    this.box = this.#plot(scene, { left: MARGIN.left, top, width: Math.max(60, this.width - MARGIN.left - right), height: Math.max(60, this.height - top - MARGIN.bottom) });
    const shift = Math.max(0, Math.min(this.box.left - MARGIN.left, this.width - legend.right));
    legend.group.setAttribute("transform", `translate(${shift} 0)`);
    this.legend = legend.places.map((place) => ({ ...place, x: place.x + shift }));
    const axes = planeAxes(scene.view, this.box);
    Object.assign(this, { x: axes.x, y: axes.y });
    this.line = svg("path", { class: "decision-line" });
    this.halo = svg("path", { class: "decision-halo" });
    for (const layer of [this.lines, this.over]) update(layer, { width: this.width, height: this.height });
    this.lines.replaceChildren(axes.group, legend.group, this.halo, this.line);
    if (isAmount) this.lines.append(colourBar(scene.data.target, this.kind, this.box, this.width));
    fitCanvas(this.map, this.width, this.height);
    this.marksContext = fitCanvas(this.marks, this.width, this.height);
    this.rows = rowsOnPlane(scene, frame, this.which, this.x, this.y);
    paintRows(fitCanvas(this.marksBehind, this.width, this.height), this.rows, this.kind);
    this.note.show(scene.view.note ?? "");
    this.drawFrame();
    this.drawSelection();
  }

  /** Data without a plane have no picture. */
  #clear() {
    this.box = null;
    this.rows = [];
    this.lines.replaceChildren();
    for (const canvas of [this.map, this.marks]) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    if (this.app.store.scene) this.note.show(this.app.t("views.boundary.no_plane"));
  }

  /** The box of the plot; the two axes of a shape have equal units, so that a circle is a circle. */
  #plot(scene, { left, top, width, height }) {
    const { x, y } = scene.view;
    if (scene.data.is_table) return { left, top, width, height };
    const unit = Math.min(width / (x.high - x.low), height / (y.high - y.low));
    const [used, tall] = [unit * (x.high - x.low), unit * (y.high - y.low)];
    return { left: left + (width - used) / 2, top, width: used, height: tall };
  }

  get outputs() {
    const { scene, frame } = this.app.store;
    return isOfScene(frame, scene) ? frame.arrays.get("outputs") ?? null : null;
  }

  /** The map, the decision lines and the mistakes. */
  drawFrame() {
    if (!this.isReady || !this.box) return;
    const { scene, frame } = this.app.store;
    if (frame && !isOfScene(frame, scene)) return;
    this.#drawMap(this.outputs);
    this.rows = rowsOnPlane(scene, frame, this.which, this.x, this.y);
    const context = this.marksContext;
    context.clearRect(0, 0, this.width, this.height);
    if (this.which === "mistakes") paintRows(context, this.rows, this.kind);
    else context.drawImage(this.marksBehind, 0, 0, this.width, this.height);
    paintMistakes(context, this.rows);
    if (this.pointer) this.#drawPointer();
    this.picture.refreshText();
  }

  #drawMap(outputs) {
    const { left, top, width, height } = this.box;
    const context = this.map.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    if (!outputs) {
      update(this.line, { d: "" });
      update(this.halo, { d: "" });
      return;
    }
    paintMap(this.grid, outputs, this.kind, this.mode);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.grid, left, top, width, height);
    const [, rows, columns] = outputs.shape;
    const levels = this.kind.task === "regression" ? ticks(this.kind.low, this.kind.high, 6) : [];
    const segments = decisionLines(outputs, this.kind.task, levels);
    const d = segmentsPath(segments, (j) => left + ((j + 0.5) / columns) * width, (i) => top + ((i + 0.5) / rows) * height);
    update(this.line, { d, class: levels.length ? "decision-line level-line" : "decision-line" });
    update(this.halo, { d: levels.length ? "" : d });
  }

  /** The pointer is at (x, y) in pixels of the body. */
  point(x, y) {
    if (!this.box) return;
    const { left, top, width, height } = this.box;
    if (x < left || y < top || x > left + width || y > top + height) {
      this.leave();
      const entry = legendEntryAt(this.legend, x, y);
      if (entry) this.tip.show([entry.full], x, y);
      return;
    }
    this.pointer = { x, y };
    this.#drawPointer();
  }

  leave() {
    this.pointer = null;
    this.tip.hide();
    this.drawSelection();
  }

  /** The row nearest to the pointer, if it is within reach. */
  nearest(reach = REACH) {
    let best = null;
    let least = reach * reach;
    for (const row of this.rows ?? []) {
      const distance = (row.x - this.pointer.x) ** 2 + (row.y - this.pointer.y) ** 2;
      if (distance <= least) [best, least] = [row, distance];
    }
    return best;
  }

  #drawPointer() {
    this.near = this.nearest();
    this.tip.show(pointerLines(this), this.pointer.x, this.pointer.y);
    this.drawSelection();
  }

  choose() {
    if (!this.pointer) return;
    const row = this.nearest();
    if (row?.part === "training") this.app.store.select({ kind: "sample", row: row.row });
  }

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (!this.box || (!move && event.key !== "Enter" && event.key !== "Escape")) return;
    if (event.key === "Escape") return this.leave();
    event.preventDefault();
    event.stopPropagation();
    const { left, top, width, height } = this.box;
    this.pointer ??= { x: left + width / 2, y: top + height / 2 };
    if (move) {
      this.pointer.x = Math.min(left + width, Math.max(left, this.pointer.x + move[0] * width * KEY_STEP));
      this.pointer.y = Math.min(top + height, Math.max(top, this.pointer.y + move[1] * height * KEY_STEP));
    } else {
      const row = this.nearest(Infinity);
      if (row) Object.assign(this.pointer, { x: row.x, y: row.y });
      this.choose();
    }
    this.#drawPointer();
    this.app.announce(pointerLines(this).join(". "));
  }

  /** Rings around the chosen row and the row near the pointer, and a cross at the pointer. */
  drawSelection() {
    const { selection } = this.app.store;
    this.over.replaceChildren();
    if (!this.box) return;
    if (this.pointer) this.over.append(svg("path", { class: "pointer-cross", d: `M${this.pointer.x - 6} ${this.pointer.y}h12M${this.pointer.x} ${this.pointer.y - 6}v12` }));
    if (this.pointer && this.near) this.over.append(svg("circle", { class: "near-ring", cx: this.near.x, cy: this.near.y, r: MISTAKE_RADIUS }));
    if (selection?.kind !== "sample") return;
    const row = this.rows?.find(({ part, row: number }) => part === "training" && number === selection.row);
    if (row) this.over.append(svg("circle", { class: "chosen-ring", cx: row.x, cy: row.y, r: MISTAKE_RADIUS + 2 }));
  }

  vectors() {
    const size = sizeOfMarks(this.rows ?? []);
    const elements = (this.rows ?? []).map((row) => markElement(row, this.kind, size));
    const { stroke, width } = ringStyle(this.rows ?? []);
    for (const { x, y, isMistake } of this.rows ?? [])
      if (isMistake) elements.push(svg("circle", { cx: x, cy: y, r: MISTAKE_RADIUS, fill: "none", stroke, "stroke-width": width }));
    return new Map([[this.marks, elements]]);
  }
}
