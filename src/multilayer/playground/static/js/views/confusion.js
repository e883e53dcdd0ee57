/** Predicted against true classes of the validation rows; for amounts, the scores and the worst residual. */

import { fixed, integer, number, percent, score } from "../format.js";
import { classRgb, markPath, mixed, onChange, rgb } from "../theme.js";
import { label } from "./axes.js";
import { css } from "./colours.js";
import { onSize, shortNames, svg, update, write } from "./drawing.js";
import { Picture } from "./picture.js";
import { pairs, residualElements, worstText } from "./residuals.js";

const LEFT = 88;
const TOP = 34;
const MOST_CELL = 62;
const LEAST_CELL = 22; // where there is room
const SMALLEST_CELL = 6;
const LETTERS = 10; // height of a text, in pixels
const MOST_BESIDE = 5; // classes

export function mountConfusion(element, app) {
  return new Confusion(element, app);
}

const classMark = (k, x, y) => svg("path", { d: markPath(k, 3.2, x, y), fill: css(classRgb(k)) });

class Confusion {
  constructor(element, app) {
    Object.assign(this, { app, element });
    this.picture = new Picture(element, app, { name: "confusion", heading: "h3", describe: () => this.describe(), table: () => this.table() });
    this.surface = svg("svg", { "aria-hidden": "true" });
    this.picture.body.append(this.surface);
    onSize(this.picture.body, (width, height) => {
      Object.assign(this, { width, height });
      this.draw();
    });
    onChange(() => this.draw());
    for (const topic of ["scene", "frame"]) app.store.subscribe(topic, () => this.draw());
  }

  draw() {
    const { scene, frame } = this.app.store;
    if (!this.width || !scene || !frame || frame.scene !== scene.scene) return;
    update(this.surface, { width: this.width, height: this.height });
    const { confusion } = frame;
    this.#fit(confusion?.length ?? 0);
    const key = JSON.stringify([confusion, frame.run, frame.update, scene.scene, this.width, this.height, css(rgb("paper"))]);
    if (key === this.key) return;
    this.key = key;
    this.surface.replaceChildren(...(confusion ? this.#matrix(confusion, scene.data.classes) : residualElements(this.app, this.width, this.height)));
    const part = scene.data.n_validation ? "validation" : "training";
    const note = this.app.t(`views.confusion.note_${part}`);
    write(this.picture.note, confusion ? note : `${note} ${worstText(this.app)}`);
    this.picture.rename(this.app.t(confusion ? "views.confusion.title" : "views.confusion.title_amounts"));
    this.picture.refreshText();
  }

  /** Many classes need more room than the card has beside the others; the change of size draws again. */
  #fit(n) {
    this.element.classList.toggle("wide", n > MOST_BESIDE);
    const cell = Math.max(SMALLEST_CELL, Math.min(LEAST_CELL, (this.width - LEFT - 8) / n));
    this.picture.body.style.height = n > MOST_BESIDE ? `${Math.ceil(TOP + n * cell + 6)}px` : "";
  }

  #matrix(confusion, classes) {
    const { t } = this.app;
    const n = confusion.length;
    const cell = Math.max(SMALLEST_CELL, Math.min(MOST_CELL, (this.width - LEFT - 8) / n, (this.height - TOP - 4) / n));
    const letters = Math.max(2, Math.floor(cell / 6.4));
    const names = shortNames(classes, 8);
    const parts = [
      label(t("views.confusion.predicted"), LEFT + (n * cell) / 2, 11, { "text-anchor": "middle", class: "axis-name" }),
      label(t("views.confusion.true"), 0, 0, { "text-anchor": "middle", class: "axis-name", transform: `translate(10 ${TOP + (n * cell) / 2}) rotate(-90)` }),
    ];
    confusion.forEach((row, i) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      const y = TOP + i * cell;
      parts.push(classMark(i, LEFT - 10, y + cell / 2));
      // Where the rows are lower than a text, some have only their marks.
      if (i % Math.ceil(LETTERS / cell) === 0) parts.push(label(names[i], LEFT - 20, y + cell / 2, { "text-anchor": "end", "dominant-baseline": "central" }));
      // A name that does not fit is cut in the rows; over the columns, the mark alone is clearer.
      const isFitting = classes[i].length <= letters;
      parts.push(classMark(i, LEFT + (i + 0.5) * cell - (isFitting ? 3.2 * classes[i].length + 4 : 0), TOP - 11));
      if (isFitting) parts.push(label(classes[i], LEFT + (i + 0.5) * cell + 5, TOP - 7, { "text-anchor": "middle" }));
      row.forEach((count, j) => parts.push(...this.#cell(LEFT + j * cell, y, cell, count, total ? count / total : 0, i === j)));
    });
    return parts;
  }

  #cell(x, y, size, count, share, isRight) {
    const ground = mixed(rgb("panel"), rgb(isRight ? "positive" : "negative"), 0.06 + 0.5 * share);
    const parts = [svg("rect", { x: x + 1, y: y + 1, width: size - 2, height: size - 2, rx: 3, fill: css(ground) })];
    const middle = { "text-anchor": "middle", "dominant-baseline": "central" };
    const hasShare = size >= 38;
    if (size >= 18) parts.push(label(integer(count), x + size / 2, y + size / 2 - (hasShare ? 7 : 0), { ...middle, class: "cell-count" }));
    if (hasShare) parts.push(label(percent(share, 0), x + size / 2, y + size / 2 + 9, { ...middle, class: "cell-share" }));
    return parts;
  }

  /** Rows of scores: this network and the simple models, by training and validation rows. */
  scoreRows() {
    const { t, store } = this.app;
    const { scene, frame } = store;
    const rows = [[t("views.confusion.network"), frame.scores?.train ?? null, frame.scores?.validation ?? null]];
    for (const { title, train, validation } of scene.baselines ?? []) rows.push([title, train ?? null, validation ?? null]);
    return rows;
  }

  describe() {
    const { t, store } = this.app;
    const { scene, frame } = store;
    if (!scene || !frame) return this.picture.title;
    if (!frame.confusion) return t("views.confusion.describe_amounts", { train: fixed(frame.scores?.train), validation: fixed(frame.scores?.validation), worst: number(frame.worst) });
    const all = frame.confusion.flat().reduce((sum, count) => sum + count, 0);
    const right = frame.confusion.reduce((sum, row, k) => sum + row[k], 0);
    return t("views.confusion.describe", { right, all, share: score(all ? right / all : null, "classification") });
  }

  table() {
    const { t, store } = this.app;
    const { scene, frame } = store;
    const scores = { caption: t("views.confusion.scores"), columns: ["model", "training", "validation"].map((name) => t(`views.confusion.${name}`)), rows: this.scoreRows() };
    if (!frame.confusion) {
      const columns = ["row", "true", "predicted"].map((name) => t(`views.confusion.${name}`));
      return [scores, { caption: this.picture.title, columns, rows: pairs(scene, frame) }];
    }
    const { classes } = scene.data;
    const columns = [t("views.confusion.true"), ...classes.map((name) => t("views.confusion.predicted_class", { name }))];
    return [{ caption: this.picture.title, columns, rows: frame.confusion.map((row, k) => [classes[k], ...row]) }, scores];
  }
}
