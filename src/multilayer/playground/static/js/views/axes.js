/** Axes of pictures: lines, ticks, names. */

import { scale, shorten, svg, tickText, ticks } from "./drawing.js";

const LETTER = 6.2; // mean width of a letter of the small type, in pixels

/** A text of the small type. */
export function label(text, x, y, attributes = {}) {
  const element = svg("text", { x, y, class: "small-text", ...attributes });
  element.textContent = text;
  return element;
}

/** Where the ticks of an axis of the plane are, with their texts: categories, or round numbers. */
export function planeTicks({ low, high, categories }, length, perTick) {
  if (!categories) return ticks(low, high, Math.max(2, Math.floor(length / perTick))).map((value) => [value, tickText(value)]);
  const every = Math.max(1, Math.ceil((categories.length * 16) / length));
  return categories.map((name, k) => [k, name]).filter(([k]) => k % every === 0 && k >= low && k <= high);
}

/** The name of an axis with its unit. */
const axisName = ({ name, unit }) => (unit ? `${name} (${unit})` : name);

/** The axes of the plane around a box: a group, and the scales from the plane to pixels. */
export function planeAxes(view, box) {
  const { left, top, width, height } = box;
  const x = scale(view.x.low, view.x.high, left, left + width);
  const y = scale(view.y.low, view.y.high, top + height, top);
  const group = svg("g", { "aria-hidden": "true" });
  group.append(svg("rect", { x: left, y: top, width, height, class: "plane-frame" }));
  const letters = Math.max(3, Math.floor(width / LETTER / Math.max(1, view.x.categories?.length ?? 1)));
  for (const [value, text] of planeTicks(view.x, width, 64)) {
    group.append(svg("line", { x1: x(value), x2: x(value), y1: top + height, y2: top + height + 4, class: "axis-line" }));
    group.append(label(shorten(text, view.x.categories ? letters : 20), x(value), top + height + 15, { "text-anchor": "middle" }));
  }
  for (const [value, text] of planeTicks(view.y, height, 44)) {
    group.append(svg("line", { x1: left - 4, x2: left, y1: y(value), y2: y(value), class: "axis-line" }));
    group.append(label(shorten(text, 7), left - 6, y(value), { "text-anchor": "end", "dominant-baseline": "central" }));
  }
  group.append(label(shorten(axisName(view.x), Math.floor(width / LETTER)), left + width / 2, top + height + 29, { "text-anchor": "middle", class: "axis-name" }));
  const turned = `translate(${left - 46} ${top + height / 2}) rotate(-90)`;
  group.append(label(shorten(axisName(view.y), Math.floor(height / LETTER)), 0, 0, { "text-anchor": "middle", class: "axis-name", transform: turned }));
  return { group, x, y };
}
