/** The legend above the boundary, and the colour bar of amounts beside it. */

import { markPath } from "../theme.js";
import { label } from "./axes.js";
import { amountColour, css } from "./colours.js";
import { shortNames, shorten, svg, tickText, ticks } from "./drawing.js";
import { rowStyle } from "./plane.js";

export const LEGEND_TOP = 8;
const LEFT = 58;
const LINE = 18;
const MOST_LINES = 2;
const LETTER = 6.3;
const ELLIPSIS = 5; // by which it is wider than a letter
const MOST_LONG_NAMES = 4; // classes whose names are written out
const MOST_TOLD = 60; // names in the hover text of those that have no place
const BAR_STEPS = 48;
const BAR_WIDTH = 10;

/** The mark of a row as an SVG element. */
export function markElement(row, kind, size = 1) {
  const style = rowStyle(row, kind, size);
  return svg("path", { d: markPath(style.mark, style.radius, row.x, row.y), fill: style.fill, stroke: style.stroke, "stroke-width": style.width });
}

/** What stands in the legend: `{row, text, full}`, a row of null for the ring of a mistake. */
function entries({ t, store }, kind) {
  const { classes, n_validation: hasValidation } = store.scene.data;
  const entry = (row, text, full = text) => ({ row, text, full });
  const validation = (target) => (hasValidation ? [entry({ part: "validation", target }, t("views.boundary.legend.validation"))] : []);
  if (kind.task === "regression") return { classes: [], others: [entry({ part: "training", target: kind.high }, t("views.boundary.legend.training")), ...validation(kind.low)] };
  const names = shortNames(classes, classes.length > MOST_LONG_NAMES ? 8 : 14);
  const shown = classes.map((name, k) => entry({ part: "training", target: k }, names[k], name));
  return { classes: shown, others: [...validation(0), entry(null, t("views.boundary.legend.mistake"))] };
}

/** The places of entries in lines of at most `width` pixels: `{row, text, full, x, y, length}`. */
function placed(list, width) {
  let [x, y] = [LEFT, LEGEND_TOP + 5];
  return list.map((entry) => {
    const length = (entry.isMore ? 14 : 28) + LETTER * entry.text.length + ELLIPSIS * (entry.text.split("…").length - 1);
    if (x + length > width && x > LEFT) [x, y] = [LEFT, y + LINE];
    const found = { ...entry, x, y, length };
    x += length;
    return found;
  });
}

/** As many classes as fit in the lines, then "+ n more", then the marks that are no class. */
function fitting(app, kind, width) {
  const { classes, others } = entries(app, kind);
  const isFitting = (places) => places.at(-1).y < LEGEND_TOP + 5 + MOST_LINES * LINE;
  let places = placed([...classes, ...others], width);
  for (let count = classes.length - 1; count > 0 && !isFitting(places); count--) {
    const rest = classes.slice(count).map(({ full }) => full);
    const more = { isMore: true, text: app.t("views.boundary.legend.more", { count: rest.length }), full: rest.slice(0, MOST_TOLD).join(", ") + (rest.length > MOST_TOLD ? ", …" : "") };
    places = placed([...classes.slice(0, count), more, ...others], width);
  }
  return places;
}

/** The legend in at most two lines of `width` pixels: its group, its height, where its longest line ends, and its places. */
export function legendElements(app, kind, width) {
  const group = svg("g", { "aria-hidden": "true" });
  const places = fitting(app, kind, width);
  for (const { row, text, isMore, x, y } of places) {
    if (isMore) group.append(label(text, x, y, { "dominant-baseline": "central", class: "small-text muted-text" }));
    else {
      if (row) group.append(markElement({ ...row, x: x + 6, y }, kind));
      else group.append(svg("circle", { cx: x + 6, cy: y, r: 5.5, class: "mistake-ring" }));
      group.append(label(text, x + 16, y, { "dominant-baseline": "central" }));
    }
  }
  return { group, height: places.at(-1).y - LEGEND_TOP + LINE - 4, right: Math.max(...places.map(({ x, length }) => x + length)), places };
}

/** The entry of the legend at a point, if its name is cut. */
export const legendEntryAt = (places, x, y) =>
  places?.find((place) => place.full !== place.text && x >= place.x && x < place.x + place.length && Math.abs(y - place.y) <= LINE / 2);

/** The colours of amounts from low to high, with ticks and the name of the target. */
export function colourBar(target, { low, high, isKnown }, { top, left, width, height }, fullWidth) {
  const x = left + width + 12;
  const group = svg("g", { "aria-hidden": "true" });
  for (let k = 0; k < BAR_STEPS; k++) {
    const value = high - ((k + 0.5) / BAR_STEPS) * (high - low);
    const y = top + (k / BAR_STEPS) * height;
    group.append(svg("rect", { x, y, width: BAR_WIDTH, height: height / BAR_STEPS + 0.5, fill: css(amountColour(value, low, high)) }));
  }
  if (!isKnown) group.append(label("–", x + BAR_WIDTH + 4, top + height / 2, { "dominant-baseline": "central" }));
  for (const value of isKnown ? ticks(low, high, 6) : []) {
    const y = top + ((high - value) / (high - low)) * height;
    group.append(label(shorten(tickText(value), 7), x + BAR_WIDTH + 4, y, { "dominant-baseline": "central" }));
  }
  group.append(label(shorten(target, 20), fullWidth - 12, top - 8, { "text-anchor": "end", class: "axis-name" }));
  return group;
}
