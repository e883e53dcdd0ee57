// The name of the page, and the buttons for sound, light and dark, and help.

import { h, s } from "../dom.js";
import { helpDialog } from "./help.js";
import { icon } from "./icons.js";
import { Sound } from "./sound.js";

export function mount(element, app) {
  const { t } = app;
  element.querySelector("#brand").append(mark(), h("span", {}, t("shell.brand.name"), " ", h("small", {}, t("shell.brand.page"))));
  app.help = helpDialog(app);
  element.querySelector("#tools").append(soundButton(app), themeButton(app), toolButton("help", "shell.help", app, () => app.help.open()));
}

function toolButton(name, key, app, onclick) {
  return h("button", { type: "button", class: "quiet tool", "aria-label": app.t(key), "data-hint": `${key}.hint`, onclick }, icon(name));
}

function mark() {
  const links = ["M5 6 19 12", "M5 18 19 12"].map((d) => s("path", { d, stroke: "currentColor", "stroke-width": 1.8 }));
  const units = [[5, 6, "class-0"], [5, 18, "class-1"], [19, 12, "accent"]].map(([cx, cy, name]) => {
    const unit = s("circle", { cx, cy, r: 4 });
    unit.style.fill = `var(--${name})`;
    return unit;
  });
  return s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, links, units);
}

function soundButton(app) {
  const sound = new Sound(app);
  const button = toolButton("soundOff", "shell.sound", app, () => {
    sound.toggle();
    button.setAttribute("aria-pressed", String(sound.isOn));
    button.replaceChildren(icon(sound.isOn ? "soundOn" : "soundOff"));
  });
  button.setAttribute("aria-pressed", "false");
  return button;
}

function themeButton(app) {
  const { theme } = app;
  const button = toolButton("dark", "shell.theme", app, () => theme.choose(theme.isDark() ? "light" : "dark"));
  const show = () => button.replaceChildren(icon(theme.isDark() ? "light" : "dark"));
  theme.onChange(show);
  show();
  return button;
}
