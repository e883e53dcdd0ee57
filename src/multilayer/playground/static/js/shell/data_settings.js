// The data: a shape of points, or the person's own table.

import { h, s } from "../dom.js";
import { makeField } from "./controls.js";
import { icon } from "./icons.js";
import { SHAPES, thumbnail } from "./shapes.js";

const FIELDS = { rows: "number", noise: "number", seed: "number", validation_fraction: "number" };

export function dataGroup(app) {
  const { t } = app;
  const change = (data) => app.act("change_data", { data });
  const shapes = h("div", { class: "shapes", role: "radiogroup", "aria-label": t("shell.data.shape") });
  const radios = SHAPES.map((name) => shapeRadio(app, name, () => change({ name })));
  shapes.append(...radios);
  const tableButton = h("button", { type: "button", class: "wide", "data-control": "table", "data-hint": "shell.data.table.hint" }, icon("table"), h("span", {}, t("shell.data.table")));
  tableButton.addEventListener("click", () => tableButton.dispatchEvent(new CustomEvent("open-table", { bubbles: true })));
  const backButton = h("button", { type: "button", class: "wide", "data-control": "table", "data-hint": "shell.data.back.hint", hidden: true, onclick: () => change({ name: "table" }) }, icon("table"), h("span", {}, t("shell.data.back")));
  const title = h("p", { class: "data-title", hidden: true });
  const notes = h("details", { class: "data-notes", hidden: true }, h("summary", { "data-hint": "shell.data.notes.hint" }), h("ul", {}));
  const fields = Object.entries(FIELDS).map(([name, kind]) =>
    makeField(app, { name, kind, key: `shell.data.${name}`, parameter: name, oncommit: (value) => change({ [name]: value }) }),
  );
  const body = h("div", { class: "fields" }, h("div", { class: "shapes-box", "data-control": "data" }, shapes), title, notes, fields.map((field) => field.element), backButton, tableButton);
  const element = h("div", { class: "settings-group", role: "group", "aria-labelledby": "settings-data" }, h("h3", { id: "settings-data", "data-hint": "shell.settings.data.hint" }, t("shell.settings.data")), body);

  return {
    element,
    show(scene) {
      const chosen = scene.setup.data;
      for (const radio of radios) {
        const isChosen = radio.dataset.shape === chosen.name;
        radio.querySelector("input").checked = isChosen;
        radio.classList.toggle("chosen", isChosen);
      }
      backButton.hidden = scene.data.is_table || !scene.has_table;
      title.hidden = !scene.data.is_table;
      title.textContent = t("shell.data.title", { title: scene.data.title, rows: app.format.integer(scene.data.n_rows), validation: app.format.integer(scene.data.n_validation), target: scene.data.target });
      showNotes(notes, scene.data.notes ?? [], t);
      for (const field of fields) {
        const isOfShape = field.name === "rows" || field.name === "noise";
        field.element.hidden = chosen[field.name] === undefined || (isOfShape && scene.data.is_table);
        field.set(chosen[field.name], { minimum: 0, maximum: null });
      }
    },
  };
}

/** How the data were read, e.g. rows that were left out. The list opens by a click, and is closed for other data. */
function showNotes(details, notes, t) {
  const [summary, list] = details.children;
  const before = [...list.children].map((item) => item.textContent);
  if (String(before) === String(notes)) return;
  details.hidden = notes.length === 0;
  details.open = false;
  summary.textContent = t("shell.data.notes", { count: notes.length });
  list.replaceChildren(...notes.map((note) => h("li", {}, note)));
}

function shapeRadio(app, name, onchange) {
  const { t } = app;
  const input = h("input", { type: "radio", name: "shape", class: "hidden", value: name, "aria-label": t(`shell.shape.${name}`), "data-parameter": "name", onchange });
  return h("label", { class: "shape", "data-shape": name, "data-hint": `shell.shape.${name}.hint` }, input, drawing(name));
}

function drawing(name) {
  const svg = s("svg", { viewBox: "-1.25 -1.25 2.5 2.5", "aria-hidden": "true" });
  for (const [x, y, color] of thumbnail(name)) {
    const point = s("circle", { cx: x.toFixed(2), cy: (-y).toFixed(2), r: 0.13 });
    point.style.fill = `var(--${color})`;
    svg.append(point);
  }
  return svg;
}
