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
// What a lesson may call a control besides the name of its parameter.
const ALIASES = {
  random_state: ["seed"],
  hidden_layer_sizes: ["layers", "units", "activation"],
  learning_rate_init: ["step_size", "step size"],
  learning_rate: ["schedule"],
  max_iter: ["epochs"],
  alpha: ["l2"],
  l1_alpha: ["l1"],
  loss: ["cost"],
  name: ["data", "shape"],
  rows: ["data"],
  noise: ["data"],
};

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
    element.append(h("section", { class: "settings-group", "aria-labelledby": `settings-${group}` }, h("h3", { id: `settings-${group}`, "data-hint": `shell.settings.${group}.hint` }, t(`shell.settings.${group}`)), body));
  }

  store.subscribe("scene", (scene) => {
    const { parameters } = scene.setup;
    const without = scene.choices.without_effect ?? [];
    for (const field of fields) {
      const choice = scene.choices[field.name] ?? null;
      field.element.hidden = !(field.name in parameters) || (Array.isArray(choice) && choice.length < 2 && field.name === "output");
      if (!(field.name in parameters)) continue;
      field.set(parameters[field.name], choice);
      field.setEnabled(!without.includes(field.name));
    }
    layers.show(scene);
    data.show(scene);
    showStatus(status, scene, app);
    hideForLesson(element, scene.lesson?.controls ?? null);
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

/** `controls` are the names that a lesson shows, or null for all. */
function hideForLesson(element, controls) {
  for (const control of element.querySelectorAll("[data-control]")) {
    const names = [control.dataset.control, ...(ALIASES[control.dataset.control] ?? [])];
    control.classList.toggle("not-in-lesson", controls !== null && !names.some((name) => controls.includes(name)));
  }
  for (const group of element.querySelectorAll(".settings-group")) {
    const shown = group.querySelectorAll("[data-control]:not(.not-in-lesson)");
    group.classList.toggle("not-in-lesson", controls !== null && shown.length === 0);
  }
}
