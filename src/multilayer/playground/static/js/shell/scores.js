// The scores of this network, and always beside them those of the linear model and of the simplest guess.

import { h, setText } from "../dom.js";
import { seedsText } from "./seeds.js";

export function mount(element, app) {
  const { t, format, store } = app;
  const body = h("tbody", {});
  const what = h("th", { scope: "col" });
  const table = h(
    "table",
    { class: "scores", "aria-labelledby": "scores-title" },
    h("thead", {}, h("tr", {}, what, heading("train"), heading("validation"))),
    body,
  );
  element.append(table);
  let cells = null;

  function heading(name) {
    return h("th", { scope: "col", class: "number", "data-hint": `shell.scores.${name}.hint` }, t(`shell.scores.${name}`));
  }

  function row(name, title, hint) {
    const train = h("td", { class: "number" });
    const validation = h("td", { class: "number" });
    body.append(h("tr", { class: name }, h("th", { scope: "row", "data-hint": hint }, title), train, validation));
    return { train, validation };
  }

  /** The median of the seeds, with the lowest and the highest. */
  function seedsRow(seeds) {
    body.querySelector("tr.seeds")?.remove();
    if (!seeds?.final) return;
    const { task } = store.scene.data;
    const target = row("seeds", t("shell.scores.seeds", { n: seeds.seeds.length }), seedsText(app, seeds));
    put(target, { train: null, validation: seeds.final.median }, task);
    const [low, high] = ["lowest", "highest"].map((name) => format.score(seeds.final[name], task));
    target.train.textContent = t("shell.scores.range", { low, high });
    target.train.classList.add("muted", "small");
  }

  function put(target, values, task) {
    for (const name of ["train", "validation"]) {
      const value = values?.[name] ?? null;
      setText(target[name], format.score(value, task));
      // The bar is the share of 1; a score below 0 has none.
      target[name].style.setProperty("--share", String(Math.max(0, Math.min(1, value ?? 0))));
    }
  }

  store.subscribe("scene", (scene) => {
    const { task } = scene.data;
    const kind = task === "regression" ? "r2" : "accuracy";
    body.replaceChildren();
    what.textContent = t(`shell.scores.${kind}`);
    what.dataset.hint = `shell.scores.${kind}.hint`;
    cells = row("network", t("shell.scores.network"), "shell.scores.network.hint");
    for (const baseline of scene.baselines ?? []) {
      put(row(baseline.name, baseline.title, `shell.scores.${baseline.name}.hint`), baseline, task);
    }
    seedsRow(store.seeds);
    put(cells, store.frame?.scene === scene.scene ? store.frame.scores : null, task);
  });
  store.subscribe("seeds", seedsRow);
  store.subscribe("frame", (frame) => cells && put(cells, frame.scores, store.scene.data.task));
}
