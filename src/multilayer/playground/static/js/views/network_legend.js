/** The legend below the network: the signs of weights, the widest link, and the badges of units that learn slowly. */

import { number } from "../format.js";
import { label } from "./axes.js";
import { html, svg, write } from "./drawing.js";
import { badge } from "./network_drawing.js";
import { footHeight } from "./network_layout.js";

const LETTER = 6.3;
const ROOMY = 440; // pixels; below, the short text of the widest link
const STATES = ["dead", "saturated"];

/** The legend as SVG, and over its badges boxes whose hover texts state the rules. */
export class Legend {
  /** `explain(text, x, y)` shows a text to a finger, which has no hover. */
  constructor(body, app, explain) {
    Object.assign(this, { app, explain });
    this.hits = html("div", { class: "no-export" });
    body.append(this.hits);
  }

  /** Make the legend anew; returns its group. */
  build(width, height) {
    const { t } = this.app;
    Object.assign(this, { width, height, shown: null });
    const y = height - 9;
    this.widest = label("", 0, y, { "dominant-baseline": "central" });
    this.badges = svg("g");
    const group = svg("g", { "aria-hidden": "true" });
    let x = 12;
    for (const sign of ["positive", "negative"]) {
      const text = t(`views.network.${sign}`);
      group.append(svg("line", { x1: x, x2: x + 26, y1: y, y2: y, class: `link ${sign} legend-line` }), label(text, x + 31, y, { "dominant-baseline": "central" }));
      x += 31 + LETTER * text.length + 14;
    }
    this.widest.setAttribute("x", x);
    group.append(this.widest, this.badges);
    return group;
  }

  /** The size of the widest link, and the counts of dead and saturated units. */
  show(largest, counts) {
    const key = this.width > ROOMY ? "views.network.widest" : "views.network.widest_short";
    write(this.widest, this.app.t(key, { value: number(largest) }));
    const shown = STATES.filter((state) => counts[state]);
    if (shown.join() === this.shown) return;
    this.shown = shown.join();
    const y = this.height - 9 - (footHeight(this.width) - footHeight(Infinity));
    // In one line, the badges stand at its right end.
    const texts = shown.map((state) => this.app.t(`views.network.badge_${state}`));
    const lengths = texts.map((text) => 20 + LETTER * text.length + 12);
    let x = y < this.height - 9 ? 12 : this.width - lengths.reduce((sum, length) => sum + length, 0);
    this.badges.replaceChildren();
    this.hits.replaceChildren();
    shown.forEach((state, k) => {
      this.badges.append(...badge(state, x + 7, y), label(texts[k], x + 19, y, { "dominant-baseline": "central" }));
      this.hits.append(this.#hit(state, x, y, lengths[k] - 8));
      x += lengths[k];
    });
  }

  #hit(state, x, y, length) {
    const rule = `views.network.rule_${state}`;
    const hit = html("button", { type: "button", class: "legend-hit", "data-hint": rule, "aria-label": this.app.t(rule), onclick: () => this.explain(this.app.t(rule), x, y) });
    Object.assign(hit.style, { left: `${x - 2}px`, top: `${y - 10}px`, width: `${length}px` });
    return hit;
  }
}
