// The panel "Prove": a weight's derivative three times, or a unit's sum and delta, with the numbers of the next batch.

import { makeChooser } from "./chooser.js";
import { button, element, errorMessage, field } from "./nodes.js";
import { drawUnit } from "./proof_unit.js";
import { drawWeight } from "./proof_weight.js";

export function mount(root, app) {
  new ProvePanel(root, app);
}

class ProvePanel {
  constructor(root, app) {
    this.app = app;
    this.shown = null; // the weight or unit that is proved
    this.sample = null; // the row for which a unit is written out; null is the first of the batch
    this.update = null; // the update to which the shown numbers belong
    this.asked = 0; // the number of the last request: older answers are dropped
    this.chooser = makeChooser(app, (selection) => app.store.select(selection));
    this.hint = element("p", { class: "panel-hint", text: app.t("panels.prove.hint") });
    this.row = this.makeRow();
    this.stale = this.makeStale();
    this.output = element("div", { class: "proof", role: "region", "aria-label": app.t("panels.prove.result") });
    root.append(
      element("h3", { class: "hidden", text: app.t("panels.prove.title") }),
      element("div", { class: "prove-bar" }, this.chooser.element, this.row),
      this.hint,
      this.stale,
      this.output,
    );
    this.root = root;
    app.store.subscribe("selection", (selection) => this.select(selection));
    app.store.subscribe("scene", () => this.drawScene());
    app.store.subscribe("frame", () => this.follow());
    new MutationObserver(() => this.follow()).observe(root, { attributes: true, attributeFilter: ["hidden"] });
    if (app.store.scene) this.drawScene();
  }

  /** The field for the row of a unit's proof; a point of the pictures can be selected instead. */
  makeRow() {
    const { t, store } = this.app;
    const choose = () => {
      if (input.reportValidity() && input.value !== "") store.select({ kind: "sample", row: input.valueAsNumber });
    };
    const input = element("input", {
      type: "number",
      min: 0,
      step: 1,
      on: { change: choose },
      title: t("panels.prove.row_field_hint"),
    });
    return field(t("panels.prove.row"), input, { hidden: true });
  }

  makeStale() {
    const { t } = this.app;
    const text = element("span");
    const again = button(t("panels.prove.again"), () => this.compute(), { title: t("panels.prove.again_hint") });
    return element("p", { class: "panel-stale", hidden: true }, text, " ", again);
  }

  drawScene() {
    const { selection, scene } = this.app.store;
    if (selection === null) this.clear();
    if (scene.scene !== this.scene) this.sample = null; // other data may have fewer rows
    this.scene = scene.scene;
    this.row.querySelector("input").max = scene.data.n_rows - 1;
    this.chooser.show(this.shown);
    // The same update of another scene has other numbers.
    this.update = null;
    this.follow();
  }

  clear() {
    this.shown = null;
    this.asked += 1;
    this.hint.hidden = false;
    this.row.hidden = true;
    this.stale.hidden = true;
    this.output.replaceChildren();
  }

  select(selection) {
    if (selection === null) this.clear();
    else if (selection.kind === "sample") this.sample = selection.row;
    else this.shown = selection;
    if (!this.app.store.scene) return;
    this.chooser.show(this.shown);
    this.update = null;
    if (this.root.hidden && selection !== null && selection.kind !== "sample") this.app.showTab?.("prove", false);
    this.follow();
  }

  /** After a frame: numbers of an earlier update are computed again, or marked as stale while training goes on. */
  follow() {
    const { frame } = this.app.store;
    if (this.shown === null || this.root.hidden || !frame || frame.update === this.update) return;
    if (!frame.is_playing || this.update === null) {
      if (this.update === null || !this.isComputing) this.compute();
      return;
    }
    this.stale.hidden = false;
    this.stale.firstChild.textContent = this.app.t("panels.prove.stale", { then: this.update, now: frame.update });
    this.output.classList.add("is-stale");
  }

  async compute() {
    const number = ++this.asked;
    const { shown } = this;
    this.isComputing = true;
    this.hint.hidden = true;
    // Until the answer is there, the numbers count as those of the present update.
    this.update = this.app.store.frame.update;
    try {
      const proof = await this.request(shown);
      if (number !== this.asked) return;
      this.update = proof.update ?? this.update;
      this.show(shown, proof);
    } catch (error) {
      if (number !== this.asked) return;
      this.output.replaceChildren(errorMessage(error.message));
    } finally {
      if (number === this.asked) this.isComputing = false;
    }
  }

  async request(shown) {
    const { connection } = this.app;
    if (shown.kind === "weight") {
      const { layer, row, column } = shown;
      return (await connection.request("prove_weight", { layer, row, column })).fields;
    }
    const { layer, unit } = shown;
    const sample = this.sample ?? (await connection.request("trace", { sample: null })).fields.sample;
    const { fields } = await connection.request("prove_unit", { layer, unit, sample });
    return { ...fields, sample };
  }

  show(shown, proof) {
    this.row.hidden = shown.kind === "weight";
    this.row.querySelector("input").value = proof.sample ?? "";
    const draw = shown.kind === "weight" ? drawWeight : drawUnit;
    this.output.replaceChildren(...draw(proof, { app: this.app, shown, update: this.update }));
    this.output.classList.remove("is-stale");
    this.stale.hidden = true;
  }
}
