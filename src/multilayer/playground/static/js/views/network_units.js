/** The maps inside the units: each unit's activation over the plane, and the line where it is half on. */

import { amountRamp, oneClassRamp, signRamp, twoClassRamp } from "./colours.js";
import { segmentsPath, zeroLine } from "./contours.js";
import { update } from "./drawing.js";
import { extent, fillRamp } from "./plane.js";

const HALF = { sigmoid: 0.5, logistic: 0.5 };
const CORNER = 5;

/** The scale of a unit's colours, and the activation at its boundary (where z is 0). */
function unitScale(activation, values) {
  if (activation === "sigmoid" || activation === "logistic") return { size: 1, level: HALF[activation] };
  let size = 0;
  for (const value of values) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value));
  const isOneSided = activation === "relu";
  return { size: Math.max(size, 1e-6), level: isOneSided ? Math.max(size, 1e-6) * 1e-3 : 0 };
}

export class UnitMaps {
  constructor(canvas) {
    this.canvas = canvas;
    this.scratch = document.createElement("canvas");
    this.ramps = null;
  }

  /** Colours are read again after a change of the theme. */
  forget() {
    this.ramps = null;
  }

  #ramps(outputs) {
    const key = outputs ? outputs.shape[0] : 0;
    if (this.ramps?.key !== key) {
      const classes = key > 1 ? Array.from({ length: key }, (_, k) => oneClassRamp(k)) : [];
      this.ramps = { key, sign: signRamp(), two: twoClassRamp(), amount: amountRamp(), classes };
    }
    return this.ramps;
  }

  /** The canvas is cut to the squares of `nodes`, once for each layout. */
  prepare(context, nodes) {
    this.context = context;
    const clip = new Path2D();
    for (const { x, y, side } of nodes) clip.roundRect(x - side / 2, y - side / 2, side, side, CORNER);
    context.clip(clip);
  }

  /** Draw the maps of all drawn units. */
  draw(nodes, scene, frame, width, height) {
    const { context } = this;
    context.clearRect(0, 0, width, height);
    const maps = frame.arrays.get("units");
    const outputs = frame.arrays.get("outputs");
    const ramps = this.#ramps(outputs);
    for (const node of nodes) {
      if (node.layer === 1) continue;
      if (node.isOutput) this.#drawOutput(node, outputs, ramps, scene);
      else this.#drawHidden(node, maps, ramps);
    }
  }

  #drawHidden(node, maps, ramps) {
    if (!maps) return update(node.contour, { d: "" });
    const [, rows, columns] = maps.shape;
    const values = maps.data.subarray(node.index * rows * columns, (node.index + 1) * rows * columns);
    const { size, level } = unitScale(node.activation, values);
    this.#place(node, values, rows, columns, ramps.sign, -size, size);
    const segments = zeroLine(level ? values.map((value) => value - level) : values, rows, columns);
    const left = node.x - node.side / 2;
    const top = node.y - node.side / 2;
    const d = segmentsPath(segments, (j) => left + ((j + 0.5) / columns) * node.side, (i) => top + ((i + 0.5) / rows) * node.side);
    update(node.contour, { d });
  }

  #drawOutput(node, outputs, ramps, scene) {
    if (!outputs) return;
    const [classes, rows, columns] = outputs.shape;
    const values = outputs.data.subarray(node.unit * rows * columns, (node.unit + 1) * rows * columns);
    if (scene.data.task === "regression") {
      const [low, high] = extent(values);
      this.#place(node, values, rows, columns, ramps.amount, low, high);
    } else this.#place(node, values, rows, columns, classes === 1 ? ramps.two : ramps.classes[node.unit], 0, 1);
  }

  #place(node, values, rows, columns, ramp, low, high) {
    const { scratch } = this;
    if (scratch.width !== columns || scratch.height !== rows) Object.assign(scratch, { width: columns, height: rows });
    const context = scratch.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(columns, rows);
    fillRamp(image.data, values, ramp, low, high);
    context.putImageData(image, 0, 0);
    this.context.drawImage(scratch, node.x - node.side / 2, node.y - node.side / 2, node.side, node.side);
  }
}
