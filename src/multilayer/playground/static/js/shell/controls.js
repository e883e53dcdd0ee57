// A labelled control for one value: a list of names, a number, a number on a logarithmic slider, or a flag.

import { h, setText } from "../dom.js";

// What an arrow key or a click on a spin button adds.
const STEPS = {
  rows: 50, noise: 0.05, seed: 1, validation_fraction: 0.05, batch_size: 10, momentum: 0.05, alpha: 0.001, l1_alpha: 0.001,
  weight_decay: 0.001, dropout: 0.05, random_state: 1, max_iter: 100, learning_rate_init: 0.001,
};
const LOWEST_LOG = -5; // of the step size, to base 10
const HIGHEST_LOG = 1;

const AUTO = "auto"; // the name of a choice that the library makes
const FUNCTIONS = ["activation", "output"]; // their choices have the names of the library, as in the drawing

let count = 0;

/** The name of a value as a person reads it, e.g. "cross-entropy" for the loss log_loss. */
export function choiceText(app, parameter, name) {
  const key = `shell.choice.${parameter}.${name}`;
  if (app.has(key)) return app.t(key);
  return FUNCTIONS.includes(parameter) ? name : name.replaceAll("_", " ");
}

/** What a control is for, and what its present choice means. */
export function choiceHint(app, key, parameter, name) {
  const choice = `shell.choice.${parameter}.${name}.hint`;
  return app.has(choice) ? `${app.t(key)} ${app.t(choice)}` : app.t(key);
}

/**
 * Makes the control of `name`; `oncommit(value)` is called when a person has chosen a value. `kind` is "names", "number",
 * "log", "batch" or "flag"; `key` is the key of its texts.
 */
export function makeField(app, { name, kind, oncommit, key = `shell.parameter.${name}`, parameter = name }) {
  const id = `field-${name}-${(count += 1)}`;
  const label = h("label", { for: id }, app.t(key));
  const { control, extra = null, set, read } = KINDS[kind](app, name, commit);
  control.id = id;
  control.dataset.parameter = parameter;
  const element = h("div", { class: `field field-${kind}`, "data-control": name, "data-hint": `${key}.hint` }, label, control, extra);
  let shown = null;

  function commit(value) {
    if (value === undefined || Number.isNaN(value)) set(shown);
    else if (String(value) !== String(shown)) oncommit(value);
    // The value is again the one that is in use: a message about a refused one is over.
    if (String(read()) === String(shown) && control.hasAttribute("aria-invalid")) app.store.setMessage(null);
  }

  return {
    name,
    element,
    control,
    read,
    /** Shows a value, with the names or the limits that are allowed now; `chosen` is the name that "auto" stands for. */
    set(value, choice = null, chosen = null) {
      shown = value;
      set(value, choice);
      const isAutomatic = value === AUTO && chosen !== null;
      setText(label, isAutomatic ? app.t("shell.choice.auto", { label: app.t(key), name: choiceText(app, name, chosen).toLowerCase() }) : app.t(key));
      element.dataset.hint = choiceHint(app, `${key}.hint`, name, value);
      control.removeAttribute("aria-invalid");
    },
    setEnabled(isEnabled) {
      control.disabled = !isEnabled;
      if (extra) extra.disabled = !isEnabled;
      element.classList.toggle("off", !isEnabled);
    },
  };
}

function names(app, name, commit) {
  const control = h("select", { onchange: () => commit(control.value) });
  let offered = "";
  function set(value, choice) {
    const list = choice ?? [...control.options].map((option) => option.value);
    const all = list.includes(value) ? list : [...list, value];
    if (String(all) !== offered) {
      control.replaceChildren(...all.map((each) => h("option", { value: each }, choiceText(app, name, each))));
      offered = String(all);
    }
    control.value = value;
  }
  return { control, set, read: () => control.value };
}

function numberInput(name, commit) {
  const control = h("input", { type: "number", step: STEPS[name] ?? "any", inputmode: "decimal", autocomplete: "off" });
  const read = () => (control.value === "" ? Number.NaN : Number(control.value));
  control.addEventListener("change", () => commit(read()));
  control.addEventListener("keydown", (event) => event.key === "Enter" && commit(read()));
  return { control, read };
}

function limits(control, choice) {
  if (choice === null || typeof choice !== "object") return;
  for (const [attribute, limit] of [["min", choice.minimum], ["max", choice.maximum]]) {
    if (limit === null || limit === undefined) control.removeAttribute(attribute);
    else control.setAttribute(attribute, limit);
  }
}

function number(app, name, commit) {
  const { control, read } = numberInput(name, commit);
  function set(value, choice) {
    limits(control, choice);
    control.value = value ?? "";
  }
  return { control, set, read };
}

// A batch is a count of rows; an empty field is the batch of all rows.
function batch(app, name, commit) {
  const { control } = numberInput(name, () => commit(read()));
  control.placeholder = app.t("shell.batch.all");
  const read = () => (control.value === "" ? "all" : Number(control.value));
  function set(value, choice) {
    limits(control, choice);
    control.value = typeof value === "number" ? value : "";
  }
  return { control, set, read };
}

function log(app, name, commit) {
  const { control, read } = numberInput(name, commit);
  const extra = h("input", { type: "range", min: LOWEST_LOG, max: HIGHEST_LOG, step: 0.05, "aria-label": app.t(`shell.parameter.${name}.slider`) });
  const position = () => Number((10 ** Number(extra.value)).toPrecision(2));
  extra.addEventListener("input", () => {
    control.value = position();
    extra.setAttribute("aria-valuetext", control.value);
  });
  extra.addEventListener("change", () => commit(position()));
  function set(value) {
    control.value = value;
    extra.value = Math.log10(Math.max(value, 10 ** LOWEST_LOG));
    extra.setAttribute("aria-valuetext", String(value));
  }
  return { control, extra, set, read };
}

function flag(app, name, commit) {
  const control = h("input", { type: "checkbox", onchange: () => commit(control.checked) });
  return { control, set: (value) => (control.checked = Boolean(value)), read: () => control.checked };
}

const KINDS = { names, number, log, batch, flag };
