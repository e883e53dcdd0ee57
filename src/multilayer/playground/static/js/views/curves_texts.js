/** The curves in words and in numbers: the legend, the values at an epoch, the whole, and tables. */

import { integer, number } from "../format.js";
import { shorten } from "./drawing.js";

const REACH = 8; // pixels around a change of parameters in which it is explained

/** What stands in the legend: `[class, text]`. */
export function legendEntries({ t, store }, { lines, ghosts, seeds, updates }) {
  const entries = lines.map(({ look }) => [`curve ${look}`, t(`views.curves.${look}`)]);
  if (updates) entries.push(["curve updates", t("views.curves.batches")]);
  for (const text of new Set(ghosts.map(({ label }) => label))) entries.push(["curve training ghost", shorten(text || t("views.curves.ghost"), 24)]);
  if (seeds) entries.push(["seeds-band", t("views.curves.seeds", { count: store.seeds.seeds.length })]);
  return entries;
}

/** Values at an epoch, in lines of text. */
export function valuesAt({ app, shown = [], ghosts = [], x, seedsBand: seeds }, epoch) {
  const { t, store } = app;
  const found = [t("views.curves.at_epoch", { epoch: integer(epoch) })];
  for (const { values, from, look } of shown) {
    const value = values[epoch - from - 1];
    if (Number.isFinite(value)) found.push(`${t(`views.curves.${look}`)}: ${number(value, 4)}`);
  }
  for (const { values, from, look, label } of ghosts) {
    const value = values[epoch - from - 1];
    if (Number.isFinite(value)) found.push(`${label || t("views.curves.ghost")}, ${t(`views.curves.${look.split(" ")[0]}`)}: ${number(value, 4)}`);
  }
  const k = seeds ? seeds.at.findIndex((at) => at >= epoch) : -1;
  if (k >= 0 && seeds.rows[k].every(Number.isFinite)) {
    const [low, middle, high] = seeds.rows[k].map((value) => number(value));
    found.push(t("views.curves.seeds_at", { count: store.seeds.seeds.length, low, middle, high }));
  }
  for (const { epoch: at, changes } of (store.scene?.segments ?? []).slice(1))
    if (Math.abs(x(at) - x(epoch)) <= REACH) found.push(t("views.curves.segment", { epoch: at, changes: changesText(changes) }));
  return found;
}

function changesText(changes) {
  const entries = Object.entries(changes ?? {});
  return entries.map(([name, value]) => `${name} = ${Array.isArray(value) ? value.join(", ") : value}`).join("; ");
}

/** The alternative text of the picture. */
export function describeCurves({ app, epochs, scoreName }) {
  const { t, store } = app;
  const { curves, scene, frame } = store;
  if (!scene || !frame || !curves.costs.length) return t("views.curves.describe_empty");
  return t("views.curves.describe", {
    cost: number(curves.costs.at(-1)),
    validation: number(curves.validation_costs.at(-1)),
    score: number(curves.validation_scores.at(-1)),
    score_name: scoreName,
    epochs,
    ghosts: scene.ghosts?.length ?? 0,
  });
}

/** Tables of this run, of its earlier futures, and of the seeds. */
export function curveTables({ app, epochs, scoreName, seedsBand: seeds, picture }) {
  const { t, store } = app;
  const { curves, scene } = store;
  const names = {
    costs: t("views.curves.training_cost"),
    validation_costs: t("views.curves.validation_cost"),
    validation_scores: t("views.curves.validation_score", { score: scoreName }),
  };
  const columns = [t("views.curves.epoch"), ...Object.values(names)];
  const rowsOf = (run, from, count) => Array.from({ length: count }, (_, k) => [from + k + 1, ...Object.keys(names).map((key) => run[key]?.[k] ?? null)]);
  const tables = [{ caption: picture.title, columns, rows: rowsOf(curves, 0, epochs) }];
  for (const ghost of scene.ghosts ?? []) tables.push({ caption: ghost.label || t("views.curves.ghost"), columns, rows: rowsOf(ghost, ghost.from, ghost.costs.length) });
  if (seeds)
    tables.push({
      caption: t("views.curves.seeds", { count: store.seeds.seeds.length }),
      columns: ["epoch", "lowest", "median", "highest"].map((name) => t(`views.curves.${name}`)),
      rows: seeds.rows.map((row, k) => [seeds.at[k], ...row]),
    });
  return tables;
}
