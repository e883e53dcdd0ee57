// Ten seeds at once: how much of the result is luck. The curves draw the answer as a band.

import { h, setText } from "../dom.js";

const N_SEEDS = 10;
const EPOCHS_AT_START = 100; // if this run has not begun

export function mount(element, app) {
  const { t, store } = app;
  const button = h("button", { type: "button", class: "small-button", "data-control": "seeds", "aria-pressed": "false", "data-hint": "shell.seeds.hint" }, t("shell.seeds.button"));
  button.addEventListener("click", toggle);
  element.append(button);

  async function toggle() {
    if (store.seeds !== null) {
      store.setSeeds(null);
      return;
    }
    button.disabled = true;
    setText(button, t("shell.seeds.training"));
    store.setMessage({ text: t("shell.seeds.running", { n: N_SEEDS }), kind: "note", parameter: null });
    const epochs = (store.frame?.epoch ?? 0) > 0 ? null : EPOCHS_AT_START;
    const answer = await app.act("seeds", { n: N_SEEDS, epochs });
    button.disabled = false;
    setText(button, t("shell.seeds.button"));
    store.setSeeds(answer === null ? null : answer.fields);
    if (answer !== null) app.announce(seedsText(app, store.seeds));
  }

  store.subscribe("seeds", (seeds) => button.setAttribute("aria-pressed", String(seeds !== null)));
}

/** How far the validation scores of the seeds differ, in a sentence. */
export function seedsText({ t, format, store }, { final, seeds, epochs }) {
  const values = Object.fromEntries(Object.entries(final).map(([name, x]) => [name, format.score(x, store.scene.data.task)]));
  return t("shell.seeds.summary", { n: seeds.length, epochs: format.integer(epochs), ...values });
}
