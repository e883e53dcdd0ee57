/** Painting over the plane: the map of what the network predicts, and the marks of the rows. Pure functions of arrays. */

import { classRgb, color, markPath } from "../theme.js";
import { amountColour, amountRamp, classShade, css, twoClassRamp } from "./colours.js";

const CLASS_MAP_FACTOR = 4; // classes are coloured on a finer grid: their edges would show the cells of the map
const RADIUS = 3.4;
const ROOMY = 800; // so many rows have marks of full size
const SMALLEST = 0.5; // the share of the full size that the marks of very many rows have
const MOST_STRONG_RINGS = 50;

/** The smallest and largest finite number of some arrays; widened if they are equal. */
export function extent(...lists) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists)
    for (const value of list ?? []) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  if (!(low <= high)) return [0, 1];
  const margin = Math.max(0.5, Math.abs(low) * 1e-6); // half a unit is nothing beside a huge number
  return low === high ? [low - margin, high + margin] : [low, high];
}

/** What colours stand for: the task and, for amounts, the range of the targets, so that a colour keeps its meaning. */
export function meaning(scene) {
  if (scene.data.task === "classification") return { task: "classification" };
  const targets = ["targets", "targets_validation"].map((name) => scene.arrays.get(name)?.data ?? []);
  const [low, high] = extent(...targets);
  return { task: "regression", low, high, isKnown: targets.some((list) => list.some(Number.isFinite)) };
}

/** Draw `outputs` (K, R, R) on a canvas of the size of the grid, which the caller stretches over the plane. */
export function paintMap(canvas, outputs, kind, mode) {
  const byClass = mode === "classes" && kind.task === "classification";
  const source = byClass ? refined(outputs, CLASS_MAP_FACTOR) : outputs;
  const [, rows, columns] = source.shape;
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  if (byClass) fillClasses(image.data, source);
  else if (kind.task === "regression") fillRamp(image.data, source.data, amountRamp(), kind.low, kind.high);
  else if (source.shape[0] === 1) fillRamp(image.data, source.data, twoClassRamp(), 0, 1);
  else fillProbabilities(image.data, source);
  context.putImageData(image, 0, 0);
}

/** Colour `values` between low and high by a table of 256 colours; what is no number stays transparent. */
export function fillRamp(pixels, values, ramp, low, high) {
  const factor = 255 / (high - low || 1);
  for (let i = 0, p = 0; p < pixels.length; i++, p += 4) {
    const share = (values[i] - low) * factor;
    const k = 3 * (share > 0 ? (share < 255 ? (share + 0.5) | 0 : 255) : 0);
    pixels[p] = ramp[k];
    pixels[p + 1] = ramp[k + 1];
    pixels[p + 2] = ramp[k + 2];
    pixels[p + 3] = Number.isNaN(share) ? 0 : 255;
  }
}

function fillProbabilities(pixels, { data, shape: [classes, rows, columns] }) {
  const size = rows * columns;
  const shades = Array.from({ length: classes }, (_, k) => classShade(k));
  for (let i = 0, p = 0; i < size; i++, p += 4) {
    let [red, green, blue] = [0, 0, 0];
    for (let k = 0; k < classes; k++) {
      const share = data[k * size + i];
      red += share * shades[k][0];
      green += share * shades[k][1];
      blue += share * shades[k][2];
    }
    pixels[p] = red;
    pixels[p + 1] = green;
    pixels[p + 2] = blue;
    pixels[p + 3] = Number.isNaN(red) ? 0 : 255;
  }
}

function fillClasses(pixels, { data, shape: [classes, rows, columns] }) {
  const size = rows * columns;
  const shades = Array.from({ length: Math.max(2, classes) }, (_, k) => classShade(k));
  for (let i = 0, p = 0; i < size; i++, p += 4) {
    let largest = 0;
    if (classes === 1) largest = data[i] > 0.5 ? 1 : 0;
    else for (let k = 1; k < classes; k++) if (data[k * size + i] > data[largest * size + i]) largest = k;
    pixels.set(shades[largest], p);
    pixels[p + 3] = Number.isNaN(data[largest * size + i]) ? 0 : 255;
  }
}

/** A map on a grid that is `factor` times finer, interpolated between the values of the old one. */
function refined({ data, shape: [classes, rows, columns] }, factor) {
  const [height, width] = [factor * rows, factor * columns];
  const fine = new Float32Array(classes * height * width);
  for (let i = 0, index = 0; i < classes * height; i++) {
    const y = Math.min(rows - 1, Math.max(0, ((i % height) + 0.5) / factor - 0.5));
    const top = Math.min(rows - 2, y | 0);
    const start = Math.floor(i / height) * rows * columns + top * columns;
    const down = y - top;
    for (let j = 0; j < width; j++, index++) {
      const x = Math.min(columns - 1, Math.max(0, (j + 0.5) / factor - 0.5));
      const left = Math.min(columns - 2, x | 0);
      const across = x - left;
      const k = start + left;
      const above = data[k] + (data[k + 1] - data[k]) * across;
      const below = data[k + columns] + (data[k + columns + 1] - data[k + columns]) * across;
      fine[index] = above + (below - above) * down;
    }
  }
  return { data: fine, shape: [classes, height, width] };
}

/** The value of each output at a point of the plane, u and v from 0 to 1, from the left and from the top. */
export function valuesAt({ data, shape: [classes, rows, columns] }, u, v) {
  const column = Math.min(columns - 1, Math.max(0, Math.floor(u * columns)));
  const row = Math.min(rows - 1, Math.max(0, Math.floor(v * rows)));
  return Array.from({ length: classes }, (_, k) => data[k * rows * columns + row * columns + column]);
}

/** Probabilities of all classes; one output stands for the second of two. */
export const probabilities = (values) => (values.length === 1 ? [1 - values[0], values[0]] : values);

/** The class of an output, or null for an amount. */
export function classOf(values) {
  const shares = probabilities(values);
  return shares.indexOf(Math.max(...shares));
}

/**
 * The rows to be drawn: `{part, row, x, y, target, predicted, isMistake}` with x and y in pixels.
 *
 * `which` is "all", "training", "validation", "mistakes" or "none".
 */
export function rowsOnPlane(scene, frame, which, x, y) {
  if (which === "none") return [];
  const rows = [];
  for (const [part, suffix] of [["training", ""], ["validation", "_validation"]]) {
    const points = scene.arrays.get(`points${suffix}`)?.data;
    const targets = scene.arrays.get(`targets${suffix}`)?.data;
    if (!points || !targets || (which !== part && which !== "all" && which !== "mistakes")) continue;
    const numbers = scene.view[`shown${suffix}`];
    const predicted = isOfScene(frame, scene) ? frame.arrays.get(`predicted${suffix}`)?.data : null;
    for (let k = 0; k < targets.length; k++) {
      const guess = predicted?.[k];
      const isMistake = scene.data.task === "classification" && guess !== undefined && Math.round(guess) !== targets[k];
      if (which === "mistakes" && !isMistake) continue;
      if (!Number.isFinite(points[2 * k]) || !Number.isFinite(points[2 * k + 1])) continue;
      rows.push({ part, row: numbers?.[k] ?? k, x: x(points[2 * k]), y: y(points[2 * k + 1]), target: targets[k], predicted: guess, isMistake });
    }
  }
  return rows;
}

/** Whether the maps and predictions of a frame belong to the scene and to its plane. */
export const isOfScene = (frame, scene) => frame?.scene === scene.scene && frame.view === scene.view?.number;

/** The size of the marks as a share of the full size: smaller for many rows, so that they do not hide each other. */
export const sizeOfMarks = (rows) => Math.max(SMALLEST, Math.min(1, Math.sqrt(ROOMY / rows.length)));

/** How a row is drawn: its mark, and its colours for a training row (filled) or a validation row (outlined). */
export function rowStyle(row, kind, size = 1) {
  const shade = kind.task === "regression" ? amountColour(row.target, kind.low, kind.high) : classRgb(row.target);
  const isFilled = row.part === "training";
  return {
    mark: kind.task === "regression" ? 0 : row.target,
    radius: size * (isFilled ? RADIUS : RADIUS - 0.4),
    fill: isFilled ? css(shade) : color("paper", 0.55),
    stroke: kind.task === "regression" ? color("ink", size * (isFilled ? 0.8 : 1)) : isFilled ? color("paper", 0.8) : css(shade),
    width: size * (isFilled ? 0.9 : 1.5),
  };
}

export const MISTAKE_RADIUS = RADIUS + 2.4;

/** Draw rows on a canvas; rows of the same look share one path. */
export function paintRows(context, rows, kind) {
  const looks = new Map();
  const size = sizeOfMarks(rows);
  for (const row of rows) {
    const style = rowStyle(row, kind, size);
    const key = `${style.mark} ${style.fill} ${style.stroke}`;
    if (!looks.has(key)) looks.set(key, { style, path: new Path2D() });
    looks.get(key).path.addPath(new Path2D(markPath(style.mark, style.radius, row.x, row.y)));
  }
  for (const { style, path } of looks.values()) {
    context.fillStyle = style.fill;
    context.fill(path);
    context.lineWidth = style.width;
    context.strokeStyle = style.stroke;
    context.stroke(path);
  }
}

/** How a ring around a mistake is drawn; many rings are fainter, so that the marks stay visible. */
export function ringStyle(rows) {
  const count = rows.reduce((sum, { isMistake }) => sum + isMistake, 0);
  return { stroke: color("ink", Math.max(0.4, Math.min(1, MOST_STRONG_RINGS / count))), width: 1.1 };
}

/** Draw rings around the mistakes. */
export function paintMistakes(context, rows) {
  const path = new Path2D();
  for (const { x, y, isMistake } of rows) {
    if (!isMistake) continue;
    path.moveTo(x + MISTAKE_RADIUS, y);
    path.arc(x, y, MISTAKE_RADIUS, 0, 2 * Math.PI);
  }
  const { stroke, width } = ringStyle(rows);
  context.lineWidth = width;
  context.strokeStyle = stroke;
  context.stroke(path);
}
