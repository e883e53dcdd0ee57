// The dialog "Branch from here": go back to this update, change one thing, and compare both futures.

import { h } from "../dom.js";
import { icon } from "./icons.js";
import { makeField } from "./controls.js";

// Parameters whose change continues with the present weights.
const BRANCHED = {
  learning_rate_init: "log",
  learning_rate: "names",
  solver: "names",
  batch_size: "batch",
  momentum: "number",
  alpha: "number",
  l1_alpha: "number",
  weight_decay: "number",
  dropout: "number",
};

export function branchDialog(app) {
  const { t, store, format } = app;
  const text = h("p", {});
  const place = h("div", { class: "branch-value" });
  const select = h("select", { id: "branch-parameter", autofocus: true, onchange: showField });
  const forget = h("button", { type: "button", onclick: forgetGhosts }, t("shell.branch.forget"));
  const start = h("button", { type: "submit", class: "primary" }, t("shell.branch.confirm"));
  const form = h(
    "form",
    { method: "dialog", onsubmit: confirm, oninput: enable, onchange: enable },
    text,
    h("div", { class: "field" }, h("label", { for: "branch-parameter" }, t("shell.branch.parameter")), select),
    place,
    h("div", { class: "dialog-actions" }, forget, h("span", { class: "spring" }), h("button", { type: "button", onclick: () => dialog.close() }, t("shell.cancel")), start),
  );
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "branch-title" },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: "branch-title" }, t("shell.branch.title")),
      h("button", { type: "button", class: "quiet tool", "aria-label": t("shell.close"), onclick: () => dialog.close() }, icon("close")),
    ),
    form,
  );
  document.body.append(dialog);
  let field = null;
  let present = ""; // the value that is in use, as text
  let update = 0;

  function showField() {
    const { setup, choices } = store.scene;
    const name = select.value;
    field = makeField(app, { name, kind: BRANCHED[name], oncommit: () => {} });
    field.set(setup.parameters[name], choices[name] ?? null);
    place.replaceChildren(field.element);
    present = String(field.read());
    enable();
  }

  /** A branch needs a value that differs from the present one. */
  function enable() {
    const value = field.read();
    start.disabled = Number.isNaN(value) || String(value) === present;
  }

  async function confirm(event) {
    event.preventDefault();
    const answer = await app.act("branch", { update, parameters: { [field.name]: field.read() } });
    if (answer === null) return;
    dialog.close();
    app.announce(t("shell.branch.done"));
    await app.transport.play();
  }

  async function forgetGhosts() {
    await app.act("forget_ghosts");
    store.setScene(await app.connection.request("scene"));
    forget.hidden = true;
  }

  return {
    open() {
      const { setup, choices, ghosts } = store.scene;
      update = store.frame.update;
      const epoch = Math.ceil(update / Math.max(1, store.frame.updates_per_epoch));
      text.textContent = t("shell.branch.text", { update: format.integer(update), epoch: format.integer(epoch) });
      const without = choices.without_effect ?? [];
      const offered = Object.keys(BRANCHED).filter((name) => name in setup.parameters && !without.includes(name));
      const before = select.value;
      select.replaceChildren(...offered.map((name) => h("option", { value: name }, t(`shell.parameter.${name}`))));
      if (offered.includes(before)) select.value = before;
      forget.hidden = !(ghosts ?? []).length;
      showField();
      dialog.showModal();
    },
  };
}
