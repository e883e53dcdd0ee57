// Training: play, one update, one epoch, rewind to any update, branch, reset, and the counters.

import { h, setText } from "../dom.js";
import { branchDialog } from "./branch.js";
import { icon } from "./icons.js";

const SPEEDS = [1, 10, 100, 1000, null]; // updates per second; null: as fast as possible
const FIRST_SPEED = 100;
const MOST_AHEAD = 20_000; // updates beyond the furthest one, for the field
const PATIENCE = 300; // milliseconds before the page says that it goes to an update

export function mount(element, app) {
  const transport = new Transport(app);
  app.transport = transport;
  element.append(transport.buttons(), transport.timeline(), transport.extras());
  app.store.subscribe("frame", (frame) => transport.show(frame));
  app.store.subscribe("scene", (scene) => transport.showScene(scene));
}

class Transport {
  constructor(app) {
    this.app = app;
    this.isPlaying = false;
    this.speed = FIRST_SPEED;
    this.wanted = null; // the update to go to, while another request is on its way
    this.isGoing = false;
    this.slow = null; // the update of a request that takes long
    this.steps = null; // the steps that were asked for, while another request is on its way
    this.isStepping = false;
    this.isDragging = false;
    this.ended = "";
    this.dialog = branchDialog(app);
  }

  button(name, onclick, key) {
    const label = this.app.t(`shell.transport.${name}`);
    return h("button", { type: "button", class: `tool ${name}`, "aria-label": label, "data-hint": `shell.transport.${name}.hint`, "data-key": key, onclick }, icon(name));
  }

  buttons() {
    this.playButton = this.button("play", () => this.toggle(), "Space");
    this.playButton.classList.add("primary");
    const newSeed = this.button("seed", () => this.reset("new"), "Shift R");
    newSeed.dataset.control = "reset random_state";
    return h(
      "div",
      { class: "transport-buttons", role: "group", "aria-label": this.app.t("shell.transport.buttons") },
      this.button("reset", () => this.reset("same"), "R"),
      newSeed,
      this.button("back", () => this.back(), "←"),
      this.playButton,
      this.button("update", () => this.update(), "→"),
      this.button("epoch", () => this.epoch(), "Shift →"),
    );
  }

  timeline() {
    const { t } = this.app;
    this.epochText = h("b", { class: "epoch-number" }, "0");
    this.field = h("input", { type: "number", min: 0, step: 1, value: 0, id: "update-field", "data-parameter": "update", autocomplete: "off" });
    this.field.addEventListener("change", () => this.enter());
    this.lastText = h("span", { class: "muted" });
    this.state = h("span", { class: "muted transport-state", "data-hint": "shell.transport.state.hint" });
    this.slider = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": t("shell.transport.slider"), "data-hint": "shell.transport.slider.hint" });
    this.slider.addEventListener("input", () => {
      this.isDragging = true;
      setText(this.epochText, this.app.format.integer(this.epochOf(Number(this.slider.value))));
      this.goTo(Number(this.slider.value));
    });
    this.slider.addEventListener("change", () => (this.isDragging = false));
    this.ticks = h("div", { class: "ticks" });
    return h(
      "div",
      { class: "timeline" },
      h(
        "div",
        { class: "counters" },
        h("span", { "data-hint": "shell.transport.epoch_number.hint" }, h("span", { class: "muted" }, t("shell.transport.epoch_number"), " "), this.epochText),
        h("span", { "data-hint": "shell.transport.update_number.hint" }, h("label", { class: "muted", for: "update-field" }, t("shell.transport.update_number"), " "), this.field, " ", this.lastText),
        this.state,
      ),
      h("div", { class: "slider" }, this.slider, this.ticks),
    );
  }

  extras() {
    const { t } = this.app;
    this.branchButton = h("button", { type: "button", class: "branch", "aria-label": t("shell.transport.branch"), "data-control": "branch", "data-hint": "shell.transport.branch.hint", "data-key": "B", onclick: () => this.branch() }, icon("branch"), h("span", {}, t("shell.transport.branch")));
    const select = h(
      "select",
      { "aria-label": t("shell.transport.speed"), "data-hint": "shell.transport.speed.hint" },
      SPEEDS.map((speed) => h("option", { value: speed ?? "fastest", selected: speed === FIRST_SPEED }, t(`shell.transport.speed.${speed ?? "fastest"}`))),
    );
    select.addEventListener("change", () => {
      this.speed = select.value === "fastest" ? null : Number(select.value);
      if (this.isPlaying) this.play();
    });
    return h("div", { class: "transport-extras" }, this.branchButton, select);
  }

  show(frame) {
    const { t, format } = this.app;
    this.isPlaying = frame.is_playing;
    this.playButton.replaceChildren(icon(frame.is_playing ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", t(frame.is_playing ? "shell.transport.pause" : "shell.transport.play"));
    const last = Math.max(frame.last_update, frame.update);
    this.slider.max = last;
    this.slider.disabled = last === 0;
    this.field.max = last + MOST_AHEAD;
    // A frame from before the update that was asked for must not move the slider back under a pressed key.
    if (!this.isDragging && !this.isGoing) {
      setText(this.epochText, format.integer(frame.epoch));
      this.slider.value = frame.update;
    }
    this.slider.setAttribute("aria-valuetext", t("shell.transport.position", { update: format.integer(frame.update), epoch: format.integer(frame.epoch) }));
    if (document.activeElement !== this.field) this.field.value = frame.update;
    setText(this.lastText, last > frame.update && this.slow === null ? t("shell.transport.of", { last: format.integer(last) }) : "");
    this.showState(frame);
    this.showEnd(frame);
    this.placeTicks(last);
  }

  showState(frame) {
    const { t, format } = this.app;
    if (this.slow !== null) return;
    const parts = [];
    if (frame.step_size !== null && frame.step_size !== undefined) parts.push(t("shell.transport.step_size", { value: format.short(frame.step_size) }));
    if (frame.seconds > 0) parts.push(t("shell.transport.seconds", { value: format.seconds(frame.seconds) }));
    if (frame.reason) parts.unshift(this.reasonText(frame.reason));
    this.setState(parts);
  }

  /** Parts that do not fit into the line are left out as a whole. */
  setState(parts) {
    const text = parts.join(" · ");
    if (text === this.stateText) return;
    this.stateText = text;
    this.state.replaceChildren(...parts.map((part, i) => h("span", {}, i > 0 ? `\u00a0· ${part}` : part)));
  }

  reasonText(reason) {
    const key = `shell.reason.${reason}`;
    return this.app.has(key) ? this.app.t(key) : reason.replaceAll("_", " ");
  }

  /** Says the end of training once: as an error if training failed, else as a note for screen readers. */
  showEnd(frame) {
    const end = frame.reason || frame.message ? `${frame.run} ${frame.reason} ${frame.message}` : "";
    if (end === this.ended) return;
    this.ended = end;
    if (!end) return;
    if (frame.message) this.app.store.setMessage({ text: frame.message, kind: frame.reason === "diverged" ? "error" : "note", parameter: null });
    else this.app.announce(this.reasonText(frame.reason));
  }

  showScene(scene) {
    this.segments = scene.segments ?? [];
    this.tickKey = null;
    this.placeTicks(Number(this.slider.max));
  }

  /** A tick where a parameter was changed on the way. */
  placeTicks(last) {
    const changes = (this.segments ?? []).filter((segment) => segment.update > 0 && segment.update <= last);
    const key = JSON.stringify([last, changes]);
    if (key === this.tickKey) return;
    this.tickKey = key;
    this.ticks.replaceChildren(
      ...changes.map((segment) => {
        const tick = h("span", { class: "tick", "data-hint": this.changeText(segment) });
        tick.style.left = `${(100 * segment.update) / last}%`;
        return tick;
      }),
    );
  }

  changeText({ epoch, changes }) {
    const list = Object.entries(changes).map(([name, value]) => `${this.app.t(`shell.parameter.${name}`)} = ${value}`);
    return this.app.t("shell.transport.change", { epoch: this.app.format.integer(epoch), changes: list.join(", ") });
  }

  epochOf(update) {
    const each = this.app.store.frame?.updates_per_epoch ?? 1;
    return Math.floor(update / Math.max(1, each));
  }

  get position() {
    return this.wanted ?? this.app.store.frame?.update ?? 0;
  }

  toggle() {
    return this.isPlaying ? this.pause() : this.play();
  }

  play() {
    this.isPlaying = true;
    return this.app.act("play", { updates_per_second: this.speed });
  }

  pause() {
    this.isPlaying = false;
    return this.app.act("pause");
  }

  update() {
    return this.step("updates");
  }

  epoch() {
    return this.step("epochs");
  }

  // A key that is held down asks faster than the answers come: the steps are added up meanwhile.
  async step(kind) {
    if (this.steps !== null && this.steps.kind === kind) this.steps.n += 1;
    else this.steps = { kind, n: 1 };
    if (this.isStepping) return;
    this.isStepping = true;
    while (this.steps !== null) {
      const steps = this.steps;
      this.steps = null;
      await this.app.act("step", { [steps.kind]: steps.n });
    }
    this.isStepping = false;
  }

  back() {
    if (this.position > 0) this.goTo(this.position - 1);
  }

  backEpoch() {
    const each = Math.max(1, this.app.store.frame?.updates_per_epoch ?? 1);
    if (this.position > 0) this.goTo((Math.ceil(this.position / each) - 1) * each);
  }

  /** Goes to the update that was entered; a number out of range becomes the nearest one in range. */
  enter() {
    const { frame } = this.app.store;
    if (frame === null) return;
    const entered = Math.round(this.field.valueAsNumber);
    const highest = Math.max(frame.last_update, frame.update) + MOST_AHEAD;
    this.field.value = Number.isNaN(entered) ? frame.update : Math.max(0, Math.min(highest, entered));
    if (!Number.isNaN(entered)) this.goTo(Number(this.field.value));
  }

  /** Goes to an update exactly. While the slider is dragged, only the newest place is asked for. */
  async goTo(update) {
    this.wanted = update;
    if (this.isGoing) return;
    this.isGoing = true;
    let reached = null;
    for (let asked = null; this.wanted !== asked; ) {
      asked = this.wanted;
      const timer = setTimeout(() => this.showGoing(asked), PATIENCE);
      const answer = await this.app.act("go_to", { update: asked });
      clearTimeout(timer);
      reached = answer?.fields.update ?? null;
      // After a refusal, the field shows where the run is.
      if (this.wanted === asked) this.field.value = answer?.fields.update ?? this.app.store.frame?.update ?? 0;
    }
    this.wanted = null;
    this.isGoing = false;
    this.slow = null;
    const { frame } = this.app.store;
    // The frame of another update is on its way.
    if (reached !== null && frame?.update !== reached) this.slider.value = reached;
    else if (frame !== null) this.show(frame);
  }

  /** While a request takes long: its update instead of the state of the run. */
  showGoing(update) {
    this.slow = update;
    const text = this.app.t("shell.transport.going", { update: this.app.format.integer(update) });
    this.setState([text]);
    setText(this.lastText, ""); // its place is needed
    this.app.announce(text);
  }

  async reset(seed) {
    const answer = await this.app.act("reset", { seed });
    if (answer !== null) this.app.announce(this.app.t(`shell.transport.reset_done.${seed}`, { seed: answer.fields.setup.parameters.random_state }));
  }

  async branch() {
    if (this.app.store.frame === null) return;
    if (this.isPlaying) await this.pause();
    this.dialog.open();
  }
}
