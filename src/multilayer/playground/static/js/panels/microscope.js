// The panel "Microscope": one update, seen at the level of a layer, a sample, a batch or an epoch.

import { short } from "./digits.js";
import { drawBatch, drawEpoch, drawLayer, drawRow } from "./microscope_levels.js";
import { drawSteps } from "./microscope_list.js";
import { stepsOf, valuesOf } from "./microscope_steps.js";
import { button, element, errorMessage, field, select } from "./nodes.js";

const LEVELS = ["layer", "sample", "batch", "epoch"];

export function mount(root, app) {
  new MicroscopePanel(root, app);
}

class MicroscopePanel {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.level = "layer";
    this.index = 0; // the step of level "layer", or the position in the batch of level "sample"
    this.trace = null; // of the next update
    this.before = null; // the trace of the update before it, whose numbers are stale
    this.wanted = null; // the row that was selected
    this.isBusy = false;
    this.makeParts();
    const { store } = app;
    store.subscribe("scene", () => this.restart());
    store.subscribe("frame", () => this.follow());
    store.subscribe("selection", (selection) => this.select(selection));
    new MutationObserver(() => this.appear()).observe(root, { attributes: true, attributeFilter: ["hidden"] });
  }

  makeParts() {
    const { t } = this.app;
    const levels = LEVELS.map((level) => [level, t(`panels.microscope.level.${level}`)]);
    const level = select(levels, this.level, (value) => this.setLevel(value), {
      title: t("panels.microscope.level_hint"),
    });
    this.sample = element("span");
    this.back = button(t("panels.microscope.back"), () => this.move(-1), {
      title: t("panels.microscope.back_hint"),
      "aria-keyshortcuts": "ArrowLeft",
    });
    this.next = button(t("panels.microscope.next"), () => this.move(1), {
      class: "primary",
      title: t("panels.microscope.next_hint"),
      "aria-keyshortcuts": "ArrowRight",
    });
    this.position = element("span", { class: "stepper-position" });
    this.stepper = element(
      "div",
      {
        class: "stepper",
        role: "group",
        "aria-label": t("panels.microscope.stepper"),
        on: { keydown: (event) => this.press(event) },
      },
      this.back,
      this.position,
      this.next,
    );
    this.error = element("div");
    this.content = element("div", { class: "step" });
    this.list = element("div");
    const all = element(
      "details",
      { class: "step-list" },
      element("summary", { text: t("panels.microscope.all_steps") }),
      this.list,
    );
    this.all = all;
    this.root.append(
      element("h3", { class: "hidden", text: t("panels.microscope.title") }),
      element(
        "div",
        { class: "microscope-bar" },
        field(t("panels.microscope.level_label"), level),
        this.sample,
        this.stepper,
      ),
      this.error,
      this.content,
      all,
    );
  }

  get steps() {
    return stepsOf(this.app.store.scene.network.layer_sizes);
  }

  get isVisible() {
    return !this.root.hidden;
  }

  /** How many positions the present level has within an update; the last of them performs it. */
  get count() {
    if (this.level === "layer") return this.steps.length;
    return this.level === "sample" ? this.trace.batch.length : 1;
  }

  restart() {
    this.trace = this.before = this.wanted = null;
    this.index = 0;
    this.follow();
  }

  appear() {
    if (this.isVisible) this.follow();
    else this.overlay(null);
  }

  select(selection) {
    if (selection?.kind !== "sample" || selection.row === this.trace?.sample) return;
    this.wanted = selection.row;
    if (this.isVisible && this.trace && this.level === "layer") this.run(() => this.read(this.wanted, false));
  }

  /** After a frame: the next update is traced when training pauses. */
  follow() {
    const { frame } = this.app.store;
    if (!this.isVisible || !frame || this.isBusy) return;
    if (frame.is_playing) this.drawPlaying();
    else if (this.trace?.update !== frame.update || this.wasPlaying) {
      this.wasPlaying = false;
      this.run(() => this.advance());
    }
  }

  drawPlaying() {
    if (this.wasPlaying) return;
    this.wasPlaying = true;
    const { t } = this.app;
    const pause = button(t("panels.microscope.pause"), () => this.app.act("pause"));
    this.stepper.hidden = this.all.hidden = true;
    this.sample.replaceChildren();
    this.content.replaceChildren(element("p", { text: t("panels.microscope.playing") }), pause);
    this.overlay(null);
  }

  setLevel(level) {
    this.level = level;
    this.index = 0;
    this.run(() => this.read(this.level === "sample" ? (this.trace?.batch[0] ?? null) : this.wanted, false));
  }

  press(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(direction);
  }

  /** Go one position on or back; beyond the last one the update is performed, before the first it is undone. */
  move(direction) {
    const to = this.index + direction;
    if (to >= this.count) this.run(() => this.update());
    else if (to < 0) this.run(() => this.undo());
    else this.goTo(to);
  }

  goTo(index) {
    this.index = index;
    if (this.level === "sample") this.run(() => this.read(this.trace.batch[index], false));
    else this.draw(true);
  }

  async update() {
    const { app } = this;
    const { update } = this.trace;
    await app.connection.request("step", this.level === "epoch" ? { epochs: 1 } : { updates: 1 });
    app.store.setMessage(null);
    const trace = await this.request(this.level === "layer" ? this.wanted : null);
    if (trace.update === update) throw new Error(app.t("panels.microscope.ended"));
    this.take(trace, true);
    app.announce(app.t("panels.microscope.updated", { update: trace.update, cost: short(trace.batch_cost) }));
  }

  async undo() {
    const { frame } = this.app.store;
    const length = this.level === "epoch" ? frame.updates_per_epoch : 1;
    await this.app.connection.request("go_to", { update: Math.max(0, this.trace.update - length) });
    this.app.store.setMessage(null);
    this.before = null;
    await this.read(null, true);
    if (this.level === "sample") await this.read(this.trace.batch.at(-1), false);
    this.index = this.count - 1;
  }

  /** Trace the next update from its first step; the numbers of the last one become stale. */
  async advance() {
    await this.read(this.level === "layer" ? this.wanted : null, true);
  }

  async read(sample, isNew) {
    this.take(await this.request(sample), isNew);
  }

  take(trace, isNew) {
    if (isNew || trace.update !== this.trace?.update) {
      this.before = this.trace;
      this.index = 0;
    }
    this.trace = trace;
  }

  /** A row that was selected may not be in the batch; then the first of the batch is traced. */
  async request(sample) {
    const { connection } = this.app;
    try {
      return (await connection.request("trace", { sample })).fields;
    } catch (error) {
      if (sample === null) throw error;
      this.wanted = null;
      return (await connection.request("trace", { sample: null })).fields;
    }
  }

  /** Run a task with the stepper disabled, draw its result and show its error. */
  async run(task) {
    if (this.isBusy || !this.app.store.scene) return;
    this.isBusy = true;
    this.stepper.setAttribute("aria-busy", "true");
    try {
      await task();
      this.error.replaceChildren();
      this.draw();
    } catch (error) {
      this.error.replaceChildren(errorMessage(error.message));
    } finally {
      this.isBusy = false;
      this.stepper.removeAttribute("aria-busy");
    }
  }

  draw(announces = false) {
    const { trace, app } = this;
    if (trace === null) return;
    const { t } = app;
    const isLast = this.index === this.count - 1;
    this.stepper.hidden = false;
    this.all.hidden = this.level !== "layer";
    this.back.disabled = this.index === 0 && trace.update === 0;
    this.next.textContent = t(
      isLast ? `panels.microscope.perform_${this.level === "epoch" ? "epoch" : "update"}` : "panels.microscope.next",
    );
    this.position.textContent = t(`panels.microscope.position.${this.level}`, {
      i: this.index + 1,
      n: this.count,
      update: trace.update,
    });
    this.drawSample();
    this.content.replaceChildren(...this.drawContent());
    if (this.level === "layer") this.drawList();
    this.overlay(this.level === "layer" ? this.overlayValues() : null);
    if (announces) app.announce(this.content.querySelector("h4").textContent);
  }

  drawSample() {
    const { t } = this.app;
    if (this.level !== "layer") return void this.sample.replaceChildren();
    const { batch, sample, n_batch: n } = this.trace;
    const rows = batch.includes(sample) ? batch : [sample, ...batch];
    const choice = select(
      rows.map((row) => [row, String(row)]),
      sample,
      (row) => this.choose(Number(row)),
      {
        title: t("panels.microscope.sample_hint", { n }),
      },
    );
    this.sample.replaceChildren(field(t("panels.microscope.sample_label"), choice));
  }

  choose(row) {
    this.wanted = row;
    this.run(() => this.read(row, false)).then(() => {
      this.sample.querySelector("select")?.focus();
      this.app.store.select({ kind: "sample", row });
    });
  }

  drawContent() {
    const { app, trace } = this;
    if (this.level === "layer") return drawLayer(this.steps[this.index], trace, app);
    return { sample: drawRow, batch: drawBatch, epoch: drawEpoch }[this.level](trace, app);
  }

  drawList() {
    const rows = this.steps.map((step, i) => {
      const state = this.stateOf(i);
      return { step, state, trace: state === "stale" ? this.before : this.trace };
    });
    this.list.replaceChildren(drawSteps(rows, this.index, (i) => this.jump(i), this.app));
  }

  jump(index) {
    this.goTo(index);
    this.list.querySelectorAll("button")[index].focus();
  }

  stateOf(index) {
    if (index === this.index) return "current";
    if (index < this.index) return "fresh";
    return this.before ? "stale" : "none";
  }

  /** What the drawing of the network shows in its units: lists for the layers, null where nothing is computed yet. */
  overlayValues() {
    const { layer_sizes: sizes } = this.app.store.scene.network;
    const values = { A: [this.trace.x], Z: [], delta: [], stale: { A: [false], Z: [], delta: [] } };
    this.steps.forEach((step, i) => {
      if (!["Z", "A", "delta"].includes(step.kind)) return;
      const place = step.layer - (step.kind === "A" ? 1 : 2);
      const state = this.stateOf(i);
      const source = state === "stale" ? this.before : this.trace;
      values[step.kind][place] = state === "none" ? null : valuesOf(step, source);
      values.stale[step.kind][place] = state === "stale";
    });
    return sizes.length === this.trace.A.length ? values : null;
  }

  async overlay(values) {
    const views = await import("../views/network.js").catch(() => null);
    views?.showTrace?.(values);
  }
}
