// The settings: data, network, training, penalties. Values and choices come from the scene; a lesson hides what it does not use.

import { h } from "../dom.js";
import { makeField } from "./controls.js";
import { dataGroup } from "./data_settings.js";
import { layersEditor } from "./layers.js";

const GROUPS = [
  ["network", { output: "names", loss: "names", initialization: "names", random_state: "number" }],
  ["training", { solver: "names", learning_rate: "names", learning_rate_init: "log", batch_size: "batch", momentum: "number", max_iter: "number", shuffle: "flag" }],
  ["penalties", { alpha: "number", l1_alpha: "number", weight_decay: "number", dropout: "number" }],
];
export function mount(element, app) {
  const { t, store } = app;
  const change = (parameters) => app.act("change", { parameters });
  const status = h("div", { class: "settings-status", hidden: true });
  const layers = layersEditor(app, change);
  const data = dataGroup(app);
  const fields = [];
  element.append(status, data.element);
  for (const [group, parameters] of GROUPS) {
    const made = Object.entries(parameters).map(([name, kind]) => makeField(app, { name, kind, oncommit: (value) => change({ [name]: value }) }));
    fields.push(...made);
    const body = h("div", { class: "fields" }, group === "network" ? layers.element : null, made.map((field) => field.element));
    element.append(h("div", { class: "settings-group", role: "group", "aria-labelledby": `settings-${group}` }, h("h3", { id: `settings-${group}`, "data-hint": `shell.settings.${group}.hint` }, t(`shell.settings.${group}`)), body));
  }

  store.subscribe("scene", (scene) => {
    const { parameters } = scene.setup;
    const without = scene.choices.without_effect ?? [];
    for (const field of fields) {
      const choice = scene.choices[field.name] ?? null;
      field.element.hidden = !(field.name in parameters) || (Array.isArray(choice) && choice.length < 2 && field.name === "output");
      if (!(field.name in parameters)) continue;
      field.set(parameters[field.name], choice, { output: scene.network.output, loss: scene.network.cost }[field.name] ?? null);
      field.setEnabled(!without.includes(field.name));
    }
    layers.show(scene);
    data.show(scene);
    showStatus(status, scene, app);
    hideForLesson(scene.lesson?.controls ?? null);
  });
}

/** Says which lesson is open, or that the program has a mistake. */
function showStatus(status, { lesson, bug }, app) {
  const { t } = app;
  status.hidden = !lesson && !bug;
  if (lesson) {
    const leave = h("button", { type: "button", class: "small-button", "data-hint": "shell.lesson.leave.hint", onclick: () => app.act("leave_lesson") }, t("shell.lesson.leave"));
    status.replaceChildren(h("p", {}, t("shell.lesson.open", { title: lesson.title })), leave);
  } else if (bug) {
    const repair = h("button", { type: "button", class: "small-button", "data-hint": "shell.bug.repair.hint", onclick: () => app.act("set_bug", { name: null }) }, t("shell.bug.repair"));
    status.replaceChildren(h("p", {}, t("shell.bug.on")), repair);
  }
}

/** `controls` are the names of the controls that a lesson shows, wherever they are on the page, or null for all. */
function hideForLesson(controls) {
  const isHidden = (control) => controls !== null && !control.dataset.control.split(" ").some((name) => controls.includes(name));
  for (const control of document.querySelectorAll("[data-control]")) control.classList.toggle("not-in-lesson", isHidden(control));
  for (const group of document.querySelectorAll(".settings-group")) {
    group.classList.toggle("not-in-lesson", [...group.querySelectorAll("[data-control]")].every(isHidden));
  }
}
