/** Predicted against true amounts, for the card that shows the confusion of classes. */

import { number } from "../format.js";
import { label } from "./axes.js";
import { scale, svg, tickText, ticks } from "./drawing.js";
import { extent, isOfScene } from "./plane.js";

const MARGIN = { left: 54, right: 18, top: 6, bottom: 32 };
const MOST_ROWS = 500;

/** True and predicted amounts of the validation rows, or of the training rows without them: `[[row, true, predicted], ...]`. */
export function pairs(scene, frame) {
  const suffix = scene.data.n_validation ? "_validation" : "";
  if (!isOfScene(frame, scene)) return [];
  const numbers = scene.view[`shown${suffix}`];
  const targets = scene.arrays.get(`targets${suffix}`)?.data ?? [];
  const predicted = frame.arrays.get(`predicted${suffix}`)?.data ?? [];
  return Array.from({ length: Math.min(targets.length, predicted.length) }, (_, k) => [numbers?.[k] ?? k, targets[k], predicted[k]]);
}

/** The elements of the picture: a mark for each row, and the line on which both are equal. */
export function residualElements(app, width, height) {
  const { t, store } = app;
  const rows = pairs(store.scene, store.frame).slice(0, MOST_ROWS);
  const [low, high] = extent(rows.map((row) => row[1]), rows.map((row) => row[2]).filter(Number.isFinite));
  const right = Math.min(width - MARGIN.right, MARGIN.left + 1.6 * (height - MARGIN.top - MARGIN.bottom));
  const bottom = height - MARGIN.bottom;
  const x = scale(low, high, MARGIN.left, right);
  const y = scale(low, high, bottom, MARGIN.top);
  const parts = [svg("rect", { x: MARGIN.left, y: MARGIN.top, width: right - MARGIN.left, height: bottom - MARGIN.top, class: "plane-frame" })];
  for (const value of ticks(low, high, 3)) {
    parts.push(label(tickText(value), x(value), bottom + 14, { "text-anchor": "middle" }));
    parts.push(label(tickText(value), MARGIN.left - 5, y(value), { "text-anchor": "end", "dominant-baseline": "central" }));
  }
  parts.push(label(t("views.confusion.true"), (MARGIN.left + right) / 2, bottom + 27, { "text-anchor": "middle", class: "axis-name" }));
  parts.push(label(t("views.confusion.predicted"), 0, 0, { "text-anchor": "middle", class: "axis-name", transform: `translate(10 ${(MARGIN.top + bottom) / 2}) rotate(-90)` }));
  parts.push(svg("line", { x1: x(low), y1: y(low), x2: x(high), y2: y(high), class: "equal-line" }));
  const marks = rows.filter((row) => Number.isFinite(row[2])).map(([, target, predicted]) => `M${(x(target) - 2).toFixed(1)} ${y(predicted).toFixed(1)}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0`);
  parts.push(svg("path", { d: marks.join(""), class: "residual-marks" }));
  return parts;
}

/** The largest error in words. */
export const worstText = ({ t, store }) => t("views.confusion.worst", { value: number(store.frame.worst), target: store.scene.data.target });
