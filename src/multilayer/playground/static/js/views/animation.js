/** The boundary as an animated file: goes back to the first update, and draws the way to the last one. */

import { integer, number } from "../format.js";
import { color } from "../theme.js";
import { animatedPng } from "./apng.js";
import { decisionLines } from "./contours.js";
import { scale, ticks } from "./drawing.js";
import { download } from "./export.js";
import { meaning, paintMap, paintMistakes, paintRows, rowsOnPlane } from "./plane.js";

const WAIT = 15_000; // ms for the frame of one update
const PAUSE = 1500; // ms on the last picture, before the animation starts again
const MARGIN = { left: 12, right: 12, top: 12, bottom: 46 };

/**
 * Make an animated PNG of the boundary, offer it as a download, and restore the position.
 *
 * `options` are `frames` (40), `delay` (80 ms for each), `size` (480 pixels wide), `onProgress(done, all)`, and `signal`,
 * an AbortSignal. Resolves to the file as a blob, or to null if it was cancelled.
 */
export async function makeAnimation(app, options = {}) {
  const { frames = 40, delay = 80, size = 480, onProgress = () => {}, signal = null } = options;
  const { store } = app;
  if (!store.frame?.arrays.get("outputs")) throw new Error(app.t("views.animation.no_plane"));
  const start = store.frame.update;
  const last = Math.max(store.frame.last_update ?? start, start);
  const updates = evenly(last, frames);
  const files = [];
  try {
    for (const [k, update] of updates.entries()) {
      if (signal?.aborted) return null;
      const frame = await frameAt(app, update);
      files.push(await picture(app, frame, size));
      onProgress(k + 1, updates.length);
    }
  } finally {
    if (store.frame.update !== start) await app.act("go_to", { update: start });
  }
  const blob = animatedPng(files, [...Array(files.length - 1).fill(delay), PAUSE]);
  download(blob, `multilayer-boundary-${last}.png`);
  return blob;
}

/** At most n different updates from 0 to the last one, evenly spread. */
function evenly(last, n) {
  const count = Math.max(2, n);
  return [...new Set(Array.from({ length: count }, (_, k) => Math.round((k * last) / (count - 1))))];
}

/** Go to an update and wait for its frame. */
async function frameAt({ connection, store, t }, update) {
  const isThere = () => store.frame.update === update && store.frame.scene === store.scene.scene;
  await connection.request("go_to", { update });
  if (isThere()) return store.frame;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unsubscribe();
      reject(new Error(t("views.animation.late", { update })));
    }, WAIT);
    const unsubscribe = store.subscribe("frame", () => {
      if (!isThere()) return;
      clearTimeout(timer);
      unsubscribe();
      resolve(store.frame);
    });
  });
}

/** One picture of the boundary as the bytes of a PNG file. */
async function picture(app, frame, size) {
  const { scene } = app.store;
  const { view } = scene;
  const canvas = document.createElement("canvas");
  const box = { left: MARGIN.left, top: MARGIN.top, width: size - MARGIN.left - MARGIN.right, height: Math.round(size * heightShare(scene)) };
  canvas.width = size;
  canvas.height = box.top + box.height + MARGIN.bottom;
  const context = canvas.getContext("2d");
  context.fillStyle = color("panel");
  context.fillRect(0, 0, canvas.width, canvas.height);
  const outputs = frame.arrays.get("outputs");
  const kind = meaning(scene);
  const grid = document.createElement("canvas");
  paintMap(grid, outputs, kind, "probability");
  context.imageSmoothingQuality = "high";
  context.drawImage(grid, box.left, box.top, box.width, box.height);
  paintLines(context, outputs, kind, box);
  const x = scale(view.x.low, view.x.high, box.left, box.left + box.width);
  const y = scale(view.y.low, view.y.high, box.top + box.height, box.top);
  const rows = rowsOnPlane(scene, frame, "all", x, y);
  paintRows(context, rows, kind);
  paintMistakes(context, rows);
  paintCaption(context, app, frame, box);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

/** Height of the plot as a share of the width: equal units on both axes, unless the plane belongs to a table. */
function heightShare({ data, view: { x, y } }) {
  return data.is_table ? 0.75 : Math.min(1.2, (y.high - y.low) / (x.high - x.low));
}

function paintLines(context, outputs, kind, box) {
  const [, rows, columns] = outputs.shape;
  const levels = kind.task === "regression" ? ticks(kind.low, kind.high, 6) : [];
  const segments = decisionLines(outputs, kind.task, levels);
  context.beginPath();
  for (let k = 0; k < segments.length; k += 4) {
    context.moveTo(box.left + ((segments[k] + 0.5) / columns) * box.width, box.top + ((segments[k + 1] + 0.5) / rows) * box.height);
    context.lineTo(box.left + ((segments[k + 2] + 0.5) / columns) * box.width, box.top + ((segments[k + 3] + 0.5) / rows) * box.height);
  }
  context.lineWidth = 1.5;
  context.strokeStyle = color("ink");
  context.stroke();
}

function paintCaption(context, { store, t }, frame, box) {
  const { scene, curves } = store;
  const cost = curves.costs[Math.floor(frame.epoch) - 1];
  const family = getComputedStyle(document.body).fontFamily;
  const values = { update: integer(frame.update), epoch: integer(Math.floor(frame.epoch)), cost: number(cost), score: number(frame.scores?.validation ?? frame.scores?.train) };
  context.textBaseline = "middle";
  context.fillStyle = color("ink");
  context.font = `13px ${family}`;
  context.fillText(t(`views.animation.caption_${scene.data.task}`, values), box.left, box.top + box.height + 15);
  context.fillStyle = color("muted");
  context.font = `11.5px ${family}`;
  context.fillText(t("views.animation.axes", { x: scene.view.x.name, y: scene.view.y.name, title: scene.data.title }), box.left, box.top + box.height + 33, box.width);
}
