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
    text.textContent = message.text;
    element.className = message.kind;
    if (message.kind === "error") app.alarm(message.text);
    else app.announce(message.text);
    if (message.parameter) marked = [...document.querySelectorAll(`[data-parameter="${CSS.escape(message.parameter)}"]`)];
    for (const control of marked) control.setAttribute("aria-invalid", "true");
  });
}
