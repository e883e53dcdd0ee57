// A lost connection: the page says so, tries again, and opens the run from the link that it kept.

import { h } from "../dom.js";

const WAITS = [1000, 3000, 9000]; // milliseconds before each attempt
const LINK_EVERY = 15000; // milliseconds, while training

export function mount(element, app) {
  const { t, store, connection } = app;
  const text = h("p", {});
  const button = h("button", { type: "button", class: "primary", onclick: () => attempt() }, t("shell.lost.button"));
  element.append(text, button);
  let kept = null;
  let keptAt = 0;
  let timer = 0;

  connection.onlost = (reason) => {
    const isKnown = Boolean(reason) && reason !== "connection lost";
    const sentence = isKnown ? t("shell.lost.reason", { reason }) : [t("shell.lost.text"), t("shell.lost.restarted")].join(" ");
    text.textContent = sentence;
    element.hidden = false;
    app.alarm(sentence);
    retry(0);
  };

  function retry(i) {
    clearTimeout(timer);
    if (i < WAITS.length) timer = setTimeout(() => attempt(i + 1), WAITS[i]);
  }

  async function attempt(next = WAITS.length) {
    clearTimeout(timer);
    button.disabled = true;
    try {
      await connection.connect();
      element.hidden = true;
      store.frame = null;
      await app.open(kept);
      app.announce(t("shell.lost.back"));
    } catch {
      // A server that was restarted has another address.
      if (!text.textContent.includes(t("shell.lost.restarted"))) text.textContent += ` ${t("shell.lost.restarted")}`;
      retry(next);
    }
    button.disabled = false;
  }

  async function keep() {
    keptAt = performance.now();
    try {
      kept = (await connection.request("link")).fields.link;
    } catch {
      // A run that has no link starts anew after a loss.
    }
  }

  store.subscribe("scene", keep);
  let wasPlaying = false;
  store.subscribe("frame", (frame) => {
    const hasPaused = wasPlaying && !frame.is_playing;
    wasPlaying = frame.is_playing;
    if (hasPaused || performance.now() - keptAt > LINK_EVERY) keep();
  });
}
