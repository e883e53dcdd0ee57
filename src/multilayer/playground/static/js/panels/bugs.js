// The panel "Bug lab": seven mistakes in a program that trains networks, and the instruments that find them.

import { short } from "./digits.js";
import { inline } from "./markdown.js";
import { button, element, errorMessage, field, scroller, select, table } from "./nodes.js";

export function mount(root, app) {
  new BugPanel(root, app);
}

class BugPanel {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.bugs = null;
    this.requires = null;
    this.changes = []; // of parameters, made for the mistake that runs
    this.shown = undefined; // the mistake that is drawn
    this.body = element("div");
    this.result = element("div", { role: "status" });
    root.append(element("h3", { class: "hidden", text: app.t("panels.bugs.title") }), this.body);
    app.store.subscribe("scene", () => this.drawScene());
    new MutationObserver(() => this.drawScene()).observe(root, { attributes: true, attributeFilter: ["hidden"] });
  }

  async drawScene() {
    const { scene } = this.app.store;
    if (this.root.hidden || !scene) return;
    if (!(await this.load(scene.scene))) return;
    const now = JSON.stringify([scene.bug ?? null, scene.lesson?.name ?? null, this.requires]);
    if (now === this.shown) return;
    this.shown = now;
    this.result.replaceChildren();
    // The result stands under the instruments, and is kept when a right guess names the mistake.
    this.body.replaceChildren(...(scene.bug ? this.drawCase(scene.bug, scene.lesson) : this.drawList()));
  }

  /** Ask for the mistakes once for each scene: whether they can run depends on the network. */
  async load(scene) {
    if (this.loadedFor === scene) return this.bugs !== null;
    this.loadedFor = scene;
    try {
      const { fields } = await this.app.connection.request("bugs");
      this.bugs = fields.bugs;
      this.requires = fields.requires ?? null;
      return true;
    } catch (error) {
      this.loadedFor = null;
      this.body.replaceChildren(errorMessage(error.message));
      return false;
    }
  }

  drawList() {
    const { t } = this.app;
    const mystery = button(t("panels.bugs.mystery"), () => this.setBug("mystery"), {
      class: "primary",
      title: t("panels.bugs.mystery_hint"),
    });
    return [
      element("p", { class: "panel-hint", text: t("panels.bugs.hint") }),
      this.requires ? element("p", { class: "panel-note", text: this.requires }) : null,
      this.requires ? null : element("div", { class: "panel-actions" }, mystery),
      ...this.bugs.map((bug) => this.drawBug(bug)),
    ].filter((node) => node !== null);
  }

  drawBug(bug) {
    const { t } = this.app;
    return element(
      "details",
      { class: "bug" },
      element("summary", { text: bug.title }),
      element("p", {}, inline(bug.what)),
      this.drawLines(bug),
      this.drawSwitch(bug),
    );
  }

  drawSwitch(bug) {
    const { t } = this.app;
    if (bug.is_possible === false) return element("p", { class: "panel-note", text: t("panels.bugs.impossible") });
    const start = button(t("panels.bugs.switch_on"), () => this.setBug(bug.name), {
      title: t("panels.bugs.switch_on_hint"),
    });
    return element("div", { class: "panel-actions" }, start);
  }

  /** The wrong line beside the right one. */
  drawLines(bug) {
    const { t } = this.app;
    const line = (kind, text) =>
      element(
        "div",
        { class: `code-line is-${kind}` },
        element("span", { class: "code-label", text: t(`panels.bugs.${kind}`) }),
        scroller(
          t(`panels.bugs.${kind}`),
          element("pre", {}, element("code", { text: text || t("panels.bugs.no_line") })),
        ),
      );
    const tags = bug.equations.length > 0 ? ` (${bug.equations.join(", ")})` : "";
    return element(
      "div",
      { class: "code-lines", role: "group", "aria-label": t("panels.bugs.lines", { tags }) },
      line("wrong", bug.wrong),
      line("right", bug.right),
    );
  }

  async setBug(name) {
    const before = this.app.store.scene.setup.parameters;
    await this.app.act("set_bug", { name });
    const after = this.app.store.scene.setup.parameters;
    this.changes = name === null ? [] : differences(before, after);
    this.shown = undefined;
    await this.drawScene();
    this.body.querySelector("h4, button, summary")?.focus();
  }

  /** The mistake that runs. A lesson asks for it and ends it itself, so that the lab shows the instruments only. */
  drawCase(bug, lesson) {
    const { t } = this.app;
    if (lesson) {
      const text = element("p", { text: t("panels.bugs.lesson") });
      return [
        element("h4", { tabindex: "-1", text: t("panels.bugs.lesson_title") }),
        text,
        this.drawInstruments(),
        this.result,
      ];
    }
    const isHidden = bug.name === null || bug.name === undefined || bug.is_revealed === false;
    const what = isHidden
      ? [element("p", { text: t("panels.bugs.hidden") })]
      : [element("p", {}, inline(bug.what)), this.drawLines(bug), this.drawFinding(bug)];
    const leave = button(t("panels.bugs.leave"), () => this.setBug(null), { title: t("panels.bugs.leave_hint") });
    return [
      element("h4", { tabindex: "-1", text: isHidden ? t("panels.bugs.hidden_title") : bug.title }),
      ...what,
      this.drawChanges(bug),
      this.drawInstruments(),
      this.result,
      isHidden ? this.drawGuess(bug) : null,
      element("div", { class: "panel-actions" }, leave),
    ].filter((node) => node !== null);
  }

  drawFinding(bug) {
    const { t } = this.app;
    return element(
      "details",
      {},
      element("summary", { text: t("panels.bugs.finding") }),
      element("p", {}, element("strong", { text: `${t("panels.bugs.instrument")} ` }), inline(bug.instrument)),
      element("p", {}, inline(bug.finding)),
    );
  }

  drawChanges(bug) {
    const changes = bug.changes ?? this.changes;
    if (changes.length === 0) return null;
    const items = changes.map((change) => element("li", { text: change }));
    return element(
      "div",
      { class: "panel-note" },
      element("p", { text: this.app.t("panels.bugs.changes") }),
      element("ul", {}, ...items),
    );
  }

  drawInstruments() {
    const { t, store } = this.app;
    const prove = () => {
      store.select({ kind: "weight", layer: 1, row: 0, column: 1 });
      document.dispatchEvent(new CustomEvent("open-tab", { detail: "prove" }));
    };
    return element(
      "div",
      {},
      element("h5", { text: t("panels.bugs.instruments") }),
      element("p", { class: "panel-note", text: t("panels.bugs.instruments_text") }),
      element(
        "div",
        { class: "panel-actions" },
        button(t("panels.bugs.check"), () => this.check(), { title: t("panels.bugs.check_hint") }),
        button(t("panels.bugs.prove"), prove, { title: t("panels.bugs.prove_hint") }),
      ),
    );
  }

  async check() {
    const { t } = this.app;
    this.result.replaceChildren(element("p", { text: t("panels.bugs.checking") }));
    try {
      const { fields } = await this.app.connection.request("check_bug");
      this.result.replaceChildren(
        element("h5", { text: t("panels.bugs.check_title") }),
        element("p", { class: "panel-finding", text: fields.text }),
        this.drawCheck(fields.layers),
      );
      this.result.scrollIntoView({ block: "nearest" });
    } catch (error) {
      this.result.replaceChildren(errorMessage(error.message));
    }
  }

  drawCheck(layers) {
    const { t } = this.app;
    const columns = [
      { title: t("panels.bugs.matrix"), header: true },
      { title: t("panels.bugs.largest_error"), hint: t("panels.bugs.largest_error_hint"), numeric: true },
      { title: t("panels.bugs.wrong_weights"), hint: t("panels.bugs.wrong_weights_hint"), numeric: true },
      { title: t("panels.bugs.which") },
    ];
    const rows = layers.map((layer) => ({
      cells: [
        `Theta_${layer.layer}`,
        layer.largest_error === null ? t("panels.bugs.infinite") : short(layer.largest_error, 2),
        t("panels.bugs.of", { wrong: layer.weights_wrong, all: layer.weights }),
        t(`panels.bugs.${which(layer)}`),
      ],
      class: layer.weights_wrong > 0 ? "wrong" : null,
    }));
    return table(t("panels.bugs.check_caption"), columns, rows);
  }

  drawGuess(bug) {
    const { t } = this.app;
    const names = bug.candidates?.length ? bug.candidates : this.bugs.map(({ name }) => name);
    const options = this.bugs.filter(({ name }) => names.includes(name)).map(({ name, title }) => [name, title]);
    let guessed = options[0][0];
    const choice = select(
      options,
      guessed,
      (name) => {
        guessed = name;
      },
      { title: t("panels.bugs.guess_hint") },
    );
    const answer = element("p", { class: "panel-finding", role: "status" });
    const guess = async () => {
      try {
        const { fields } = await this.app.connection.request("guess_bug", { name: guessed });
        answer.replaceChildren(inline(fields.text));
        if (fields.is_right) await this.reveal(answer);
      } catch (error) {
        answer.textContent = error.message;
      }
    };
    return element(
      "div",
      {},
      element("h5", { text: t("panels.bugs.guess_title") }),
      element(
        "div",
        { class: "panel-fields" },
        field(t("panels.bugs.guess_label"), choice),
        button(t("panels.bugs.guess"), guess, { class: "primary" }),
      ),
      answer,
    );
  }

  /** After a right guess the scene names the mistake; what the guess answered stays. */
  async reveal(answer) {
    await this.app.act("scene");
    await this.drawScene();
    this.result.replaceChildren(answer);
    this.body.querySelector("h4")?.focus();
  }
}

function which({ weights_wrong: wrong, weights, only_biases: biases }) {
  if (wrong === 0) return "none";
  if (biases) return "biases";
  return wrong === weights ? "all" : "some";
}

/** Say which parameters differ, as "activation: relu → sigmoid". */
function differences(before, after) {
  const written = (value) => (Array.isArray(value) ? value.join(", ") : String(value));
  return Object.keys(after)
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `${name}: ${written(before[name])} → ${written(after[name])}`);
}
