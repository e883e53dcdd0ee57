// The message line: what was refused and why, with a mark at the control that caused it.

import { h } from "../dom.js";
import { icon } from "./icons.js";

export function mount(element, app) {
  const text = h("p", { id: "message-text" });
  const close = h("button", { type: "button", class: "quiet tool", "aria-label": app.t("shell.close"), onclick: () => app.store.setMessage(null) }, icon("close"));
  element.append(text, close);
  let marked = [];

  app.store.subscribe("message", (message) => {
    for (const control of marked) control.removeAttribute("aria-invalid");
    marked = [];
    element.hidden = message === null;
    if (message === null) return;
    const parameter = message.parameter ?? firstWord(message.text, app);
    const sentence = withLabel(message.text, parameter, app);
    text.textContent = sentence;
    element.className = message.kind;
    if (message.kind === "error") app.alarm(sentence);
    else app.announce(sentence);
    if (parameter) marked = [...document.querySelectorAll(`[data-parameter="${CSS.escape(parameter)}"]`)];
    for (const control of marked) control.setAttribute("aria-invalid", "true");
  });
}

const keysOf = (parameter) => [`shell.parameter.${parameter}`, `shell.data.${parameter}`];

/** The name of a parameter with which an error begins, e.g. "rows must be an integer", or null. */
function firstWord(text, { has }) {
  const name = /^(\w+) must /.exec(text)?.[1] ?? null;
  return name !== null && keysOf(name).some(has) ? name : null;
}

/** The sentence with the label of the control instead of the name of its parameter at the beginning. */
function withLabel(text, parameter, { t, has }) {
  const key = keysOf(parameter).find(has);
  return key !== undefined && text.startsWith(`${parameter} `) ? t(key) + text.slice(parameter.length) : text;
}
