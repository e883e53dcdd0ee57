// The tabs of the details: arrow keys move between them, one of them is in the Tab order (roving tabindex).

import { h } from "../dom.js";
import { icon } from "./icons.js";

const NAMES = ["see", "prove", "microscope", "bugs", "lessons", "take"];

export function mount(element, app) {
  const { t } = app;
  const buttons = NAMES.map((name, i) => {
    const button = document.createElement("button");
    button.id = `tab-${name}-button`;
    button.className = "tab-button";
    button.type = "button";
    button.textContent = t(`shell.tabs.${name}`);
    button.dataset.hint = `shell.tabs.${name}.hint`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `tab-${name}`);
    button.addEventListener("click", () => show(name));
    button.addEventListener("keydown", (event) => move(event, i));
    return button;
  });
  element.append(...buttons);
  element.after(sizeButton(app));

  function show(name, takesFocus = false) {
    NAMES.forEach((other, i) => {
      const isChosen = other === name;
      const panel = document.getElementById(`tab-${other}`);
      buttons[i].setAttribute("aria-selected", String(isChosen));
      buttons[i].tabIndex = isChosen ? 0 : -1;
      panel.hidden = !isChosen;
      if (isChosen && takesFocus) buttons[i].focus();
    });
    // Panels that draw or ask only while they are seen listen to this.
    document.getElementById(`tab-${name}`).dispatchEvent(new CustomEvent("tab-shown", { bubbles: true, detail: name }));
  }

  function move(event, i) {
    const last = NAMES.length - 1;
    const target = { ArrowLeft: i === 0 ? last : i - 1, ArrowRight: i === last ? 0 : i + 1, Home: 0, End: last }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    show(NAMES[target], true);
  }

  /** Shows a tab, by name or by number, and moves the focus into it. */
  app.showTab = (name, takesFocus = true) => {
    const shown = NAMES.includes(name) ? name : NAMES[name];
    show(shown);
    if (takesFocus) document.getElementById(`tab-${shown}`).focus();
  };
  document.addEventListener("open-tab", (event) => app.showTab(event.detail));
  show("see");
}

/** Gives the details more of the screen, and less to the pictures above. */
function sizeButton({ t }) {
  const main = document.getElementById("main");
  const button = h("button", { type: "button", id: "size-button", class: "quiet tool", "aria-pressed": "false", "aria-label": t("shell.size"), "data-hint": "shell.size.hint" }, icon("enlarge"));
  button.addEventListener("click", () => {
    const isLarge = main.classList.toggle("large-details");
    button.setAttribute("aria-pressed", String(isLarge));
    button.replaceChildren(icon(isLarge ? "reduce" : "enlarge"));
  });
  return button;
}
