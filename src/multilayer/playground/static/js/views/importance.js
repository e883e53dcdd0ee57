/** How much the score falls when a column is shuffled. */

import { fixed, integer } from "../format.js";
import { label } from "./axes.js";
import { html, onSize, scale, shorten, svg, update } from "./drawing.js";
import { Picture } from "./picture.js";

const LINE = 24;
const MOST_BARS = 12;

export function mountImportance(element, app) {
  return new Importance(element, app);
}

class Importance {
  constructor(element, app) {
    this.app = app;
    this.picture = new Picture(element, app, { name: "importance", heading: "h3", showsEnd: false, describe: () => this.describe(), table: () => this.table() });
    this.surface = svg("svg", { "aria-hidden": "true" });
    this.picture.body.append(this.surface);
    this.button = html("button", { type: "button", text: app.t("views.importance.measure"), "data-hint": "views.importance.measure.hint", onclick: () => this.#measure() });
    this.picture.tools.append(this.button);
    onSize(this.picture.body, (width) => {
      this.width = width;
      this.draw();
    });
    app.store.subscribe("scene", (scene) => {
      if (scene.scene !== this.scene) this.answer = null;
      this.scene = scene.scene;
      this.draw();
    });
  }

  async #measure() {
    this.button.disabled = true;
    const answer = await this.app.act("importance");
    this.button.disabled = false;
    if (!answer) return;
    this.answer = answer.fields;
    this.update = this.app.store.frame?.update;
    this.draw();
    this.app.announce(this.describe());
  }

  draw() {
    const { t } = this.app;
    if (!this.width) return;
    const columns = (this.answer?.columns ?? []).slice(0, MOST_BARS);
    const height = columns.length * LINE + (columns.length ? 6 : 0);
    update(this.surface, { width: this.width, height: Math.max(1, height) });
    this.picture.body.style.minHeight = `${height}px`;
    this.surface.replaceChildren(...this.#bars(columns));
    this.picture.note.textContent = this.answer ? t("views.importance.note", { note: this.answer.note ?? "", update: integer(this.update) }) : t("views.importance.none");
    this.picture.refreshText();
  }

  #bars(columns) {
    if (!columns.length) return [];
    const left = Math.min(this.width * 0.36, 12 + 6.4 * Math.max(...columns.map(({ name }) => Math.min(name.length, 20))));
    const low = Math.min(0, ...columns.map(({ importance, deviation }) => importance - (deviation ?? 0)));
    const high = Math.max(1e-9, ...columns.map(({ importance, deviation }) => importance + (deviation ?? 0)));
    const x = scale(low, high, left, this.width - 58);
    const parts = columns.flatMap(({ name, importance, deviation }, k) => {
      const y = 4 + k * LINE;
      const middle = y + LINE / 2 - 2;
      const [from, to] = [Math.min(x(0), x(importance)), Math.max(x(0), x(importance))];
      const whisker = `M${x(importance - (deviation ?? 0))} ${middle}H${x(importance + (deviation ?? 0))}`;
      return [
        label(shorten(name, Math.floor((left - 8) / 6.2)), left - 6, middle, { "text-anchor": "end", "dominant-baseline": "central" }),
        svg("rect", { x: from, y: y + 3, width: Math.max(0.5, to - from), height: LINE - 10, class: "importance-bar" }),
        svg("path", { d: whisker, class: "importance-deviation" }),
        label(fixed(importance), this.width - 4, middle, { "text-anchor": "end", "dominant-baseline": "central", class: "grid-text" }),
      ];
    });
    return [...parts, svg("line", { x1: x(0), x2: x(0), y1: 2, y2: 4 + columns.length * LINE, class: "axis-line" })];
  }

  describe() {
    const { t } = this.app;
    if (!this.answer) return t("views.importance.none");
    return this.answer.columns.slice(0, 5).map(({ name, importance }) => t("views.importance.describe", { name, importance: fixed(importance) })).join(" ");
  }

  table() {
    const { t } = this.app;
    const rows = (this.answer?.columns ?? []).map(({ name, importance, deviation }) => [name, importance, deviation ?? null]);
    return [{ caption: this.picture.title, columns: ["column", "importance", "deviation"].map((name) => t(`views.importance.${name}`)), rows }];
  }
}
