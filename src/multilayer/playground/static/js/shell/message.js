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
    const sentence = withLabel(message, app);
    text.textContent = sentence;
    element.className = message.kind;
    if (message.kind === "error") app.alarm(sentence);
    else app.announce(sentence);
    if (message.parameter) marked = [...document.querySelectorAll(`[data-parameter="${CSS.escape(message.parameter)}"]`)];
    for (const control of marked) control.setAttribute("aria-invalid", "true");
  });
}

/** The sentence with the label of the control instead of the name of its parameter at the beginning. */
function withLabel({ text, parameter }, { t, has }) {
  const key = [`shell.parameter.${parameter}`, `shell.data.${parameter}`].find(has);
  if (!parameter || key === undefined || !text.startsWith(`${parameter} `)) return text;
  return t(key) + text.slice(parameter.length);
}
