// Hover texts: an element with `data-hint` (a key of the strings, or a text) explains itself on hover and on focus.

import { h } from "../dom.js";

const DELAY = 350; // milliseconds before the first text; the next one comes at once
const MARGIN = 6;

export function mount(root, app) {
  const tip = h("div", { id: "hint", role: "tooltip", class: "hint", hidden: true });
  const home = document.getElementById("main");
  home.append(tip);
  let owner = null; // the element whose text is shown
  let pressed = null; // the element that was pressed, whose text is not wanted again
  let timer = 0;

  function text(element) {
    const hint = element.dataset.hint;
    return app.has(hint) ? app.t(hint) : hint;
  }

  function show(element) {
    owner = element;
    tip.textContent = text(element);
    const shortcut = element.dataset.key;
    if (shortcut) tip.append(" ", h("kbd", {}, shortcut));
    // Within an open dialog, since that lies above the page.
    (element.closest("dialog[open]") ?? home).append(tip);
    tip.hidden = false;
    describe(element, true);
    place(element);
  }

  function place(element) {
    const box = element.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(MARGIN, box.left + box.width / 2 - size.width / 2), innerWidth - size.width - MARGIN);
    const fitsBelow = box.bottom + MARGIN + size.height < innerHeight;
    const top = fitsBelow ? box.bottom + MARGIN : Math.max(MARGIN, box.top - MARGIN - size.height);
    tip.style.left = `${left}px`;
    tip.style.top = `${top}px`;
  }

  function describe(element, isShown) {
    const control = element.matches("input, select, button, a, textarea, [tabindex]") ? element : element.querySelector("input, select, button");
    if (control === null) return;
    const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== "hint");
    const ids = isShown ? [...others, "hint"] : others;
    if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
    else control.removeAttribute("aria-describedby");
  }

  function hide() {
    clearTimeout(timer);
    if (owner !== null) describe(owner, false);
    owner = null;
    tip.hidden = true;
  }

  function enter(event, delay) {
    if (tip.contains(event.target)) return;
    const element = event.target.closest?.("[data-hint]") ?? null;
    if (element !== pressed) pressed = null;
    if (element === owner || element === pressed) return;
    const isFollowing = owner !== null;
    hide();
    if (element === null || !text(element)) return;
    timer = setTimeout(() => element.isConnected && show(element), isFollowing ? 60 : delay);
  }

  document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && enter(event, DELAY));
  document.addEventListener("pointerdown", (event) => {
    pressed = event.target.closest?.("[data-hint]") ?? null;
    hide();
  });
  document.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && enter(event, DELAY));
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, true);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || tip.hidden) return;
      hide();
      event.stopPropagation();
      event.preventDefault();
    },
    true,
  );
}
