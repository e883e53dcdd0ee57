// The table of all steps of an update: up to the present one with new numbers, after it with those of the update before.

import { summary, symbolOf, tagOf } from "./microscope_steps.js";
import { button, table } from "./nodes.js";

/** Return the table. A row is {step, state, trace}: state is "current", "fresh", "stale" or "none". */
export function drawSteps(rows, current, jump, app) {
  const { t } = app;
  const columns = ["step", "values_short", "step_state"].map((key, i) => ({
    title: t(`panels.microscope.${key}`),
    header: i === 0,
  }));
  const cells = rows.map(({ step, state, trace }, i) => ({
    cells: [
      nameOf(step, i === current, () => jump(i), app),
      state === "none" ? "–" : summary(step, trace),
      t(`panels.microscope.state.${state}`, { update: trace.update }),
    ],
    class: `is-${state}`,
  }));
  return table(t("panels.microscope.all_steps"), columns, cells);
}

function nameOf(step, isCurrent, onClick, { t, store }) {
  return button(`${symbolOf(step)} (${tagOf(step, store.scene)})`, onClick, {
    class: "link-button",
    "aria-current": isCurrent ? "step" : null,
    title: t(`panels.microscope.name.${step.kind}`, { layer: step.layer, symbol: symbolOf(step) }),
  });
}
