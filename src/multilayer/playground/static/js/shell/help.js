// Help: what the page shows, every key, and every sign and colour.

import { h, s } from "../dom.js";
import { icon } from "./icons.js";

const KEYS = [
  [["Space"], "play"],
  [["→"], "update"],
  [["Shift", "→"], "epoch"],
  [["←"], "back"],
  [["Shift", "←"], "back_epoch"],
  [["Home"], "start"],
  [["R"], "reset"],
  [["Shift", "R"], "new_seed"],
  [["B"], "branch"],
  [["1"], "tabs"],
  [["?"], "help"],
  [["Esc"], "escape"],
];

const SIGNS = ["positive", "negative", "width", "stale", "dead", "saturated", "marks", "training", "validation"];
const BADGES = { dead: "M-3 -3l6 6m0 -6l-6 6", saturated: "M-3.5 3h2.5l2 -6h2.5" };

export function helpDialog(app) {
  const { t } = app;
  const dialog = h(
    "dialog",
    { class: "dialog help", "aria-labelledby": "help-title" },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: "help-title" }, t("shell.help.title")),
      h("button", { type: "button", class: "quiet tool", "aria-label": t("shell.close"), onclick: () => dialog.close() }, icon("close")),
    ),
    h("div", { class: "help-columns" }, h("div", {}, firstSteps(t), signs(app)), keys(t)),
  );
  // A click outside the text closes the dialog.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return { open: () => !dialog.open && dialog.showModal() };
}

function firstSteps(t) {
  const steps = ["play", "click", "change", "rewind", "table", "lessons"].map((name) => h("li", {}, t(`shell.help.step.${name}`)));
  return h("section", {}, h("h3", {}, t("shell.help.steps")), h("ol", {}, steps));
}

function keys(t) {
  const rows = KEYS.map(([names, action]) => {
    const parts = names.flatMap((name, i) => [i ? " + " : null, h("kbd", {}, action === "tabs" ? "1 – 6" : name)]);
    return h("tr", {}, h("th", { scope: "row" }, parts), h("td", {}, t(`shell.help.key.${action}`)));
  });
  return h("section", {}, h("h3", {}, t("shell.help.keys")), h("table", {}, h("tbody", {}, rows)), h("p", { class: "muted small" }, t("shell.help.keys_note")));
}

function signs(app) {
  const { t } = app;
  const rows = SIGNS.map((name) => h("tr", {}, h("td", {}, sample(name, app)), h("td", {}, t(`shell.help.sign.${name}`))));
  return h("section", {}, h("h3", {}, t("shell.help.signs")), h("table", {}, h("tbody", {}, rows)));
}

function sample(name, app) {
  const svg = s("svg", { viewBox: "0 0 44 14", width: 44, height: 14, "aria-hidden": "true" });
  const line = (variable, attributes = {}) => {
    const path = s("path", { d: "M2 7H42", fill: "none", "stroke-width": 2.5, ...attributes });
    path.style.stroke = `var(--${variable})`;
    return path;
  };
  if (name === "width") svg.append(line("positive", { d: "M2 7H20", "stroke-width": 1 }), line("positive", { d: "M24 7H42", "stroke-width": 6 }));
  else if (name in BADGES) svg.append(...badge(name));
  else if (name === "marks") svg.append(...[0, 1, 2].map((k) => mark(k, app)));
  else if (name === "negative") svg.append(line(name, { "stroke-dasharray": "5 3" }));
  else if (name === "validation") svg.append(line(name, { "stroke-dasharray": "6 3" }));
  else svg.append(line(name));
  return svg;
}

/** The badge beside a unit of the drawing. */
function badge(name) {
  const at = { transform: "translate(22 7)" };
  return [s("circle", { r: 6.4, class: "badge-ground", ...at }), s("path", { d: BADGES[name], class: "badge-sign", ...at })];
}

function mark(k, app) {
  const path = s("path", { d: app.theme.markPath(k, 5, 7 + 15 * k, 7) });
  path.style.fill = `var(--class-${k})`;
  return path;
}
