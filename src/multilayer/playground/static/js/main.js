// Starts the page: strings, connection, the modules of each region, then the first scene and the frames.

import { Connection } from "./connection.js";
import { FrameLoop } from "./frame_loop.js";
import * as format from "./format.js";
import { Store } from "./store.js";
import { fill, has, loadStrings, t } from "./strings.js";
import * as theme from "./theme.js";

const MODULES = [
  ["#banner", "./shell/banner.js"],
  ["#transport", "./shell/transport.js"],
  ["#settings", "./shell/settings.js"],
  ["#scores-body", "./shell/scores.js"],
  ["#boundary-tools", "./shell/plane.js"],
  ["#curves-tools", "./shell/seeds.js"],
  ["#network-body", "./views/network.js"],
  ["#boundary-body", "./views/boundary.js"],
  ["#curves-body", "./views/curves.js"],
  ["#tab-see", "./views/see.js"],
  ["#tab-prove", "./panels/prove.js"],
  ["#tab-microscope", "./panels/microscope.js"],
  ["#tab-bugs", "./panels/bugs.js"],
  ["#tab-lessons", "./panels/lessons.js"],
  ["#tab-take", "./panels/take.js"],
  ["#tabs", "./shell/tabs.js"],
  ["#message", "./shell/message.js"],
  ["#page", "./shell/hints.js"],
  ["#page", "./shell/keyboard.js"],
  ["#notice", "./shell/reconnect.js"],
];

/** Makes what every module receives. `makeTransport` replaces the WebSocket, for a web worker or a test. */
export function makeApp(makeTransport) {
  const connection = new Connection(makeTransport);
  const store = new Store();
  const app = { connection, store, t, has, format, theme };
  app.announce = (text) => say("#announcer", text);
  app.alarm = (text) => say("#alarm", text);
  app.act = (name, fields, bytes) => act(app, name, fields, bytes);
  app.frames = new FrameLoop(connection, store, () => refresh(app));
  return app;
}

function say(selector, text) {
  const element = document.querySelector(selector);
  // The same sentence twice is spoken twice only if the text changes in between.
  element.textContent = "";
  setTimeout(() => (element.textContent = text), 30);
}

/** A request whose answer updates the scene, and whose error is shown. Returns the answer, or null after an error. */
async function act(app, name, fields = {}, bytes = null) {
  try {
    const answer = await app.connection.request(name, fields, bytes);
    const content = answer.fields;
    if (content.setup && content.network) app.store.setScene(answer);
    else if (name === "view") app.store.setView(answer);
    else if ("lesson" in content) app.store.setLesson(content.lesson);
    app.store.setMessage(null);
    return answer;
  } catch (error) {
    if (app.connection.isOpen) app.store.setMessage({ text: error.message, kind: "error", parameter: error.parameter ?? null });
    return null;
  }
}

/** Fetches the scene as it is now. */
async function refresh(app) {
  app.store.setScene(await app.connection.request("scene"));
}

async function mount(app, [selector, path]) {
  const element = document.querySelector(selector);
  try {
    const module = await import(path);
    await module.mount(element, app);
  } catch (error) {
    console.error(`${path}:`, error);
    const text = document.createElement("p");
    text.className = "error small";
    text.textContent = t("shell.module_failed", { path, reason: error.message });
    element.append(text);
  }
}

export async function start(app) {
  await loadStrings();
  document.title = t("shell.title");
  fill(document);
  // Nothing can be pressed before there is a run that it belongs to.
  const page = document.querySelector("#page");
  page.inert = true;
  page.classList.add("before-scene");
  const show = app.store.subscribe("scene", () => {
    page.classList.remove("before-scene");
    show();
  });
  for (const module of MODULES) await mount(app, module);
  try {
    await app.connection.connect();
  } catch (error) {
    app.connection.onlost(error.message);
    page.inert = false;
    return;
  }
  await open(app, decodeURIComponent(location.hash.slice(1)) || null);
  page.inert = false;
}

/** Opens the run of a link, or the default one, and asks for frames. */
export async function open(app, link) {
  const answer = await app.act("open", { setup: null, link, lesson: null });
  // A link that cannot be read is reported; the page then shows the default run.
  if (answer === null && link !== null) {
    const message = app.store.message;
    await app.act("open", { setup: null, link: null, lesson: null });
    app.store.setMessage(message);
  }
  app.frames.start();
}

const app = makeApp(globalThis.multilayerTransport);
app.open = (link) => open(app, link);
start(app);
