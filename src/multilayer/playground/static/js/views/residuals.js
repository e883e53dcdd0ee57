/** Predicted against true amounts, for the card that shows the confusion of classes. */

import { number } from "../format.js";
import { label } from "./axes.js";
import { scale, svg, tickText, ticks } from "./drawing.js";
import { extent, isOfScene } from "./plane.js";

const MARGIN = { left: 54, right: 18, top: 6, bottom: 32 };
const MOST_ROWS = 500;
const LETTER = 6.2; // mean width of a letter, in pixels
const LINE = 12; // height of a text
const GAP = 6; // between two texts

/** True and predicted amounts of the validation rows, or of the training rows without them: `[[row, true, predicted], ...]`. */
export function pairs(scene, frame) {
  const suffix = scene.data.n_validation ? "_validation" : "";
  if (!isOfScene(frame, scene)) return [];
  const numbers = scene.view[`shown${suffix}`];
  const targets = scene.arrays.get(`targets${suffix}`)?.data ?? [];
  const predicted = frame.arrays.get(`predicted${suffix}`)?.data ?? [];
  return Array.from({ length: Math.min(targets.length, predicted.length) }, (_, k) => [numbers?.[k] ?? k, targets[k], predicted[k]]);
}

/** Round values of an axis of `length` pixels whose texts, `size(text)` pixels long, do not touch each other. */
function fittingTicks(low, high, length, size) {
  for (let count = 5; count > 1; count--) {
    const values = ticks(low, high, count);
    const space = (length * (values[1] - values[0])) / (high - low);
    if (values.length > 1 && values.every((value) => size(tickText(value)) + GAP <= space)) return values;
  }
  // Without room for more, the two ends stand alone if they do not touch.
  const values = ticks(low, high, 3);
  const ends = [values[0], values.at(-1)];
  const space = (length * (ends[1] - ends[0])) / (high - low);
  return values.length > 1 && ends.every((value) => size(tickText(value)) + GAP <= space) ? ends : [values[Math.floor(values.length / 2)]];
}

/** The elements of the picture: a mark for each row, and the line on which both are equal. */
export function residualElements(app, width, height) {
  const { t, store } = app;
  const rows = pairs(store.scene, store.frame).slice(0, MOST_ROWS);
  const [low, high] = extent(rows.map((row) => row[1]), rows.map((row) => row[2]));
  const bottom = height - MARGIN.bottom;
  const known = rows.filter((row) => Number.isFinite(row[1]) && Number.isFinite(row[2]));
  if (!known.length) return [label("–", MARGIN.left, (MARGIN.top + bottom) / 2)];
  const yTicks = fittingTicks(low, high, bottom - MARGIN.top, () => LINE);
  const left = Math.max(MARGIN.left, 22 + LETTER * Math.max(...yTicks.map((value) => tickText(value).length)));
  const right = Math.max(left + 40, Math.min(width - MARGIN.right, left + 1.6 * (bottom - MARGIN.top)));
  const x = scale(low, high, left, right);
  const y = scale(low, high, bottom, MARGIN.top);
  const parts = [svg("rect", { x: left, y: MARGIN.top, width: right - left, height: bottom - MARGIN.top, class: "plane-frame" })];
  for (const value of fittingTicks(low, high, right - left, (text) => LETTER * text.length)) parts.push(label(tickText(value), x(value), bottom + 14, { "text-anchor": "middle" }));
  for (const value of yTicks) parts.push(label(tickText(value), left - 5, y(value), { "text-anchor": "end", "dominant-baseline": "central" }));
  parts.push(label(t("views.confusion.true"), (left + right) / 2, bottom + 27, { "text-anchor": "middle", class: "axis-name" }));
  parts.push(label(t("views.confusion.predicted"), 0, 0, { "text-anchor": "middle", class: "axis-name", transform: `translate(10 ${(MARGIN.top + bottom) / 2}) rotate(-90)` }));
  parts.push(svg("line", { x1: x(low), y1: y(low), x2: x(high), y2: y(high), class: "equal-line" }));
  const marks = known.map(([, target, predicted]) => `M${(x(target) - 2).toFixed(1)} ${y(predicted).toFixed(1)}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0`);
  parts.push(svg("path", { d: marks.join(""), class: "residual-marks" }));
  return parts;
}

/** The largest error in words. */
export const worstText = ({ t, store }) => t("views.confusion.worst", { value: number(store.frame.worst), target: store.scene.data.target });
