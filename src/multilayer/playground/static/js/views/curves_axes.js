/** Axes and legend of the curves. */

import { label } from "./axes.js";
import { logTicks, svg, tickText, ticks } from "./drawing.js";

const LETTER = 6.2;
const TICK_WIDTH = 70; // pixels for one label of the epochs
const TICK_HEIGHT = 30;

/** Lines, ticks and names around `box`, as a list of elements. */
export function curveAxes({ x, y }, { left, top, right, bottom }, { epochs, low, high, logarithmic }, names) {
  const parts = [];
  const count = Math.max(2, Math.floor((bottom - top) / TICK_HEIGHT));
  for (const value of logarithmic ? logTicks(low, high, count) : ticks(low, high, count)) {
    parts.push(svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid-line" }));
    parts.push(label(tickText(value), left - 6, y(value), { "text-anchor": "end", "dominant-baseline": "central" }));
  }
  for (const value of ticks(0, epochs, Math.max(2, Math.floor((right - left) / TICK_WIDTH)))) {
    if (!Number.isInteger(value)) continue;
    parts.push(svg("line", { x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4, class: "axis-line" }));
    // The last label ends where the picture ends.
    const anchor = x(value) > right - 8 ? "end" : "middle";
    parts.push(label(tickText(value), anchor === "end" ? right + 6 : x(value), bottom + 15, { "text-anchor": anchor }));
  }
  parts.push(svg("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "axis-line" }));
  parts.push(label(names.x, (left + right) / 2, bottom + 29, { "text-anchor": "middle", class: "axis-name" }));
  const turned = `translate(12 ${(top + bottom) / 2}) rotate(-90)`;
  parts.push(label(names.y, 0, 0, { "text-anchor": "middle", class: "axis-name", transform: turned }));
  return parts;
}

/** A line of the legend for each of `entries`, `[class, text]`, as far as the width reaches. */
export function curveLegend(entries, left, width) {
  const parts = [];
  let x = left;
  for (const [look, text] of entries) {
    const length = 30 + LETTER * text.length;
    if (x + length > width) break;
    if (look === "seeds-band") parts.push(svg("rect", { x, y: 4, width: 20, height: 9, class: look }));
    else parts.push(svg("path", { d: `M${x} 8.5h20`, class: look }));
    parts.push(label(text, x + 25, 8.5, { "dominant-baseline": "central" }));
    x += length + 10;
  }
  return parts;
}
