// The panel "Take it along": the Python code of this run, the model, a link, an animation, and one's own table.

import { copyButton } from "./copy.js";
import { button, download, element, errorMessage, field, scroller } from "./nodes.js";
import { makeTableDialog } from "./table_dialog.js";

export function mount(root, app) {
  const { t } = app;
  const dialog = makeTableDialog(app);
  document.body.append(dialog.element);
  document.addEventListener("open-table", () => dialog.open());
  root.append(
    element("h3", { class: "hidden", text: t("panels.take.title") }),
    part(
      app,
      "table",
      button(t("panels.take.table_button"), () => dialog.open(), { title: t("panels.take.table_hint") }),
    ),
    drawPython(app),
    drawModel(app),
    drawLink(app),
    drawAnimation(app),
    part(app, "pictures"),
  );
}

/** A part of the panel: heading, a sentence, and its controls. */
function part(app, name, ...children) {
  return element(
    "section",
    { class: "take-part" },
    element("h4", { text: app.t(`panels.take.${name}_title`) }),
    element("p", { class: "panel-note", text: app.t(`panels.take.${name}_text`) }),
    ...children,
  );
}

/** Run a task while its button is disabled; an error is shown in `place`. */
async function guarded(node, place, task) {
  node.disabled = true;
  try {
    place.replaceChildren(...[await task()].flat().filter((result) => result instanceof Node));
    place.scrollIntoView({ block: "nearest" });
  } catch (error) {
    place.replaceChildren(errorMessage(error.message));
  } finally {
    node.disabled = false;
  }
}

function drawPython(app) {
  const { t } = app;
  const place = element("div");
  const show = button(t("panels.take.python_button"), () => guarded(show, place, () => writeCode(app)), {
    title: t("panels.take.python_hint"),
  });
  return part(app, "python", element("div", { class: "panel-actions" }, show), place);
}

async function writeCode(app) {
  const { t } = app;
  const { code, epochs, cost } = (await app.connection.request("python")).fields;
  const keep = button(t("panels.take.python_file"), () => download("run.py", code, "text/x-python"), {
    title: t("panels.take.python_file_hint"),
  });
  return [
    scroller(t("panels.take.python_code"), element("pre", { class: "code" }, element("code", { text: code }))),
    element("p", { class: "panel-note", text: cost === null ? t("panels.take.prints_nothing") : t("panels.take.prints", { epochs: app.format.integer(epochs), cost: String(cost) }) }),
    element(
      "div",
      { class: "panel-actions" },
      copyButton(() => code, app),
      keep,
    ),
  ];
}

function drawModel(app) {
  const { t } = app;
  const place = element("div", { role: "status" });
  const save = button(t("panels.take.model_button"), () => guarded(save, place, () => saveModel(app)), {
    title: t("panels.take.model_hint"),
  });
  return part(app, "model", element("div", { class: "panel-actions" }, save), place);
}

async function saveModel(app) {
  const { fields, bytes } = await app.connection.request("save");
  download(fields.name, bytes, "application/octet-stream");
  return element(
    "p",
    { class: "panel-note" },
    app.t("panels.take.saved"),
    " ",
    element("code", { text: `multilayer.load_model("${fields.name}")` }),
  );
}

function drawLink(app) {
  const { t } = app;
  const place = element("div");
  const make = button(t("panels.take.link_button"), () => guarded(make, place, () => makeLink(app)), {
    title: t("panels.take.link_hint"),
  });
  return part(app, "link", element("div", { class: "panel-actions" }, make), place);
}

/** Put the state into the address of the page, and offer it to copy. */
async function makeLink(app) {
  const { t } = app;
  const { link } = (await app.connection.request("link")).fields;
  history.replaceState(null, "", `#${encodeURIComponent(link)}`);
  const address = element("input", {
    type: "text",
    readonly: true,
    class: "link-text",
    value: location.href,
    on: { focus: () => address.select() },
  });
  return [
    field(t("panels.take.link_label"), address, { class: "panel-field wide" }),
    element(
      "div",
      { class: "panel-actions" },
      copyButton(() => address.value, app),
    ),
    element("p", { class: "panel-note", text: t("panels.take.link_secret") }),
  ];
}

function drawAnimation(app) {
  const { t } = app;
  const place = element("div", { role: "status" });
  const progress = element("progress", {
    max: 1,
    value: 0,
    hidden: true,
    "aria-label": t("panels.take.animation_progress"),
  });
  let running = null;
  const cancel = button(t("panels.take.cancel"), () => running?.abort(), { hidden: true });
  const start = async () => {
    running = new AbortController();
    progress.hidden = cancel.hidden = false;
    await guarded(make, place, () => animate(app, running.signal, progress));
    progress.hidden = cancel.hidden = true;
    running = null;
  };
  const make = button(t("panels.take.animation_button"), start, { title: t("panels.take.animation_hint") });
  return part(app, "animation", element("div", { class: "panel-actions" }, make, progress, cancel), place);
}

/** Record the film; the view module offers it as a download. */
async function animate(app, signal, progress) {
  const { makeAnimation } = await import("../views/animation.js");
  const onProgress = (done, all) => {
    progress.value = done / all;
  };
  const made = await makeAnimation(app, { signal, onProgress });
  const key = made ? "done" : "cancelled";
  return element("p", { class: "panel-note", text: app.t(`panels.take.animation_${key}`) });
}
