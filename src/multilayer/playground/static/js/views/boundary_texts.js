/** The boundary in words and in numbers: at the pointer, as a whole, and as a table. */

import { integer, number } from "../format.js";
import { probabilities, rowsOnPlane, valuesAt } from "./plane.js";

const MOST_CLASSES = 4; // whose probabilities are listed at the pointer

/** What is at the pointer: coordinates, prediction, and the nearest row. */
export function pointerLines({ app, kind, box, x, y, pointer, near, outputs }) {
  const { t, store } = app;
  const { view, data } = store.scene;
  const place = (axis, value) => (axis.categories ? axis.categories[Math.round(value)] ?? "" : number(value));
  const lines = [`${view.x.name} ${place(view.x, x.invert(pointer.x))}, ${view.y.name} ${place(view.y, y.invert(pointer.y))}`];
  if (outputs) {
    const values = valuesAt(outputs, (pointer.x - box.left) / box.width, (pointer.y - box.top) / box.height);
    if (kind.task === "regression") lines.push(t("views.boundary.amount", { target: data.target, value: number(values[0]) }));
    else {
      const shares = probabilities(values).map((share, k) => [share, data.classes[k]]);
      shares.sort((one, other) => (other[0] || 0) - (one[0] || 0));
      for (const [share, name] of shares.slice(0, MOST_CLASSES)) lines.push(t("views.boundary.share", { name, share: number(share) }));
    }
  }
  if (near) lines.push(rowText(near, data, t));
  return lines;
}

/** A target or a prediction in words. */
function named(value, data) {
  if (!Number.isFinite(value)) return "–";
  return data.task === "regression" ? number(value) : data.classes[Math.round(value)];
}

function rowText({ part, row, target, predicted }, data, t) {
  return t(`views.boundary.row_${part}`, { row, target: named(target, data), predicted: named(predicted, data) });
}

/** The alternative text of the picture. */
export function describeBoundary({ t, store }) {
  const { scene, frame } = store;
  if (!scene?.view?.x || !frame) return t("views.boundary.title");
  const mistakes = rowsOnPlane(scene, frame, "mistakes", Number, Number);
  return t(`views.boundary.describe_${scene.data.task}`, {
    x: scene.view.x.name,
    y: scene.view.y.name,
    epoch: integer(Math.floor(frame.epoch)),
    train: number(frame.scores?.train),
    validation: number(frame.scores?.validation),
    mistakes: mistakes.filter(({ part }) => part === "training").length,
    mistakes_validation: mistakes.filter(({ part }) => part === "validation").length,
  });
}

/** The rows that are drawn, as a table. */
export function boundaryTable({ t, store }) {
  const { scene, frame } = store;
  const { data, view } = scene;
  if (!view.x) return [];
  const value = (number) => (!Number.isFinite(number) ? null : data.task === "regression" ? number : data.classes[Math.round(number)]);
  const column = (name) => t(`views.boundary.columns.${name}`);
  const rows = rowsOnPlane(scene, frame, "all", Number, Number);
  return [
    {
      caption: t("views.boundary.caption"),
      columns: [column("row"), column("part"), view.x.name, view.y.name, column("target"), column("predicted")],
      rows: rows.map(({ row, part, x, y, target, predicted }) => [row, t(`views.boundary.rows.${part}`), x, y, value(target), value(predicted)]),
    },
  ];
}
