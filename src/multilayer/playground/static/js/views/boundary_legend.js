/** The legend above the boundary, and the colour bar of amounts beside it. */

import { markPath } from "../theme.js";
import { label } from "./axes.js";
import { amountColour, css } from "./colours.js";
import { shorten, svg, tickText, ticks } from "./drawing.js";
import { rowStyle } from "./plane.js";

export const LEGEND_TOP = 8;
const LEFT = 58;
const LINE = 18;
const LETTER = 6.3;
const MOST_LONG_NAMES = 4; // classes whose names are written out
const BAR_STEPS = 48;
const BAR_WIDTH = 10;

/** The mark of a row as an SVG element. */
export function markElement(row, kind, size = 1) {
  const style = rowStyle(row, kind, size);
  return svg("path", { d: markPath(style.mark, style.radius, row.x, row.y), fill: style.fill, stroke: style.stroke, "stroke-width": style.width });
}

/** What stands in the legend: `[row, text]`, a row of null for the ring of a mistake. */
function entries({ t, store }, kind) {
  const { classes, n_validation: hasValidation } = store.scene.data;
  const validation = (target) => (hasValidation ? [[{ part: "validation", target }, t("views.boundary.legend.validation")]] : []);
  if (kind.task === "regression") return [[{ part: "training", target: kind.high }, t("views.boundary.legend.training")], ...validation(kind.low)];
  const letters = classes.length > MOST_LONG_NAMES ? 8 : 14;
  const names = classes.map((name, k) => [{ part: "training", target: k }, shorten(name, letters)]);
  return [...names, ...validation(0), [null, t("views.boundary.legend.mistake")]];
}

/** The legend in lines of at most `width` pixels, its height, and where its longest line ends. */
export function legendElements(app, kind, width) {
  const group = svg("g", { "aria-hidden": "true" });
  let [x, y, right] = [LEFT, LEGEND_TOP + 5, 0];
  for (const [row, text] of entries(app, kind)) {
    const length = 18 + LETTER * text.length + 10;
    if (x + length > width && x > LEFT) [x, y] = [LEFT, y + LINE];
    if (row) group.append(markElement({ ...row, x: x + 6, y }, kind));
    else group.append(svg("circle", { cx: x + 6, cy: y, r: 5.5, class: "mistake-ring" }));
    group.append(label(text, x + 16, y, { "dominant-baseline": "central" }));
    x += length;
    right = Math.max(right, x);
  }
  return { group, height: y - LEGEND_TOP + LINE - 4, right };
}

/** The colours of amounts from low to high, with ticks and the name of the target. */
export function colourBar(target, { low, high }, { top, left, width, height }, fullWidth) {
  const x = left + width + 12;
  const group = svg("g", { "aria-hidden": "true" });
  for (let k = 0; k < BAR_STEPS; k++) {
    const value = high - ((k + 0.5) / BAR_STEPS) * (high - low);
    const y = top + (k / BAR_STEPS) * height;
    group.append(svg("rect", { x, y, width: BAR_WIDTH, height: height / BAR_STEPS + 0.5, fill: css(amountColour(value, low, high)) }));
  }
  for (const value of ticks(low, high, 6)) {
    const y = top + ((high - value) / (high - low)) * height;
    group.append(label(shorten(tickText(value), 7), x + BAR_WIDTH + 4, y, { "dominant-baseline": "central" }));
  }
  group.append(label(shorten(target, 20), fullWidth - 12, top - 8, { "text-anchor": "end", class: "axis-name" }));
  return group;
}
