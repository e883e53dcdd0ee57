/** A button that copies a text and says so. */

import { button } from "./nodes.js";

/** Make a button that copies what `text()` returns at the time of the click. */
export function copyButton(text, app, label = app.t("panels.copy.copy")) {
  const node = button(label, () => copy(text(), node, app, label), { title: app.t("panels.copy.hint") });
  return node;
}

async function copy(text, node, app, label) {
  const done = await write(text);
  const said = app.t(done ? "panels.copy.done" : "panels.copy.failed");
  node.textContent = said;
  app.announce(said);
  setTimeout(() => {
    node.textContent = label;
  }, 2000);
}

/** Write a text to the clipboard; the old way serves pages that the browser does not call secure. */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text);
  }
}

function writeBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
