// The panel "Lessons": a list, and a lesson step by step: read, predict, run, compare.

import { button, element, errorMessage } from "./nodes.js";
import { drawStepOf, hasTask } from "./lesson_step.js";
import { markdown } from "./markdown.js";

export function mount(root, app) {
  new LessonPanel(root, app);
}

class LessonPanel {
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.lessons = null;
    this.name = undefined; // of the lesson that is drawn
    this.index = 0; // of the step that is shown
    this.furthest = 0; // the last step that was shown: the setup of a step starts once
    this.isRunning = false;
    this.body = element("div");
    this.error = element("div");
    root.append(this.body, this.error);
    app.store.subscribe("scene", () => this.drawScene());
    new MutationObserver(() => this.drawScene()).observe(root, { attributes: true, attributeFilter: ["hidden"] });
  }

  get lesson() {
    return this.app.store.scene?.lesson ?? null;
  }

  drawScene() {
    if (!this.app.store.scene) return;
    const { lesson } = this;
    highlight(lesson?.controls ?? null);
    if (lesson?.name !== this.name) this.begin(lesson);
    if (this.root.hidden) return;
    if (lesson) this.drawLesson();
    else this.drawList();
  }

  /** A lesson that is opened starts at its first step; one that was open before the page, at the step to do. */
  begin(lesson) {
    this.name = lesson?.name;
    const isNew = !lesson || lesson.steps.every(({ state }) => state === "open");
    this.index = this.furthest = isNew ? 0 : lesson.step;
    // The lesson of a file is open from the start, and the page has not shown it yet.
    if (lesson && this.root.hidden) this.app.showTab?.("lessons", false);
  }

  async drawList() {
    const { t } = this.app;
    if (this.lessons === null) {
      try {
        this.lessons = (await this.app.connection.request("lessons")).fields.lessons;
      } catch (error) {
        this.error.replaceChildren(errorMessage(error.message));
        return;
      }
      if (this.lesson) return;
    }
    this.error.replaceChildren();
    this.drawn = null;
    const items = this.lessons.map((lesson) => this.drawItem(lesson));
    this.body.replaceChildren(
      element("h3", { class: "panel-heading", tabindex: "-1", text: t("panels.lessons.title") }),
      element("p", { class: "panel-hint", text: t("panels.lessons.hint") }),
      element("ul", { class: "lesson-list" }, ...items),
    );
  }

  drawItem({ name, title, summary, minutes }) {
    const { t } = this.app;
    const open = button(t("panels.lessons.start"), () => this.open(name), {
      "aria-label": t("panels.lessons.start_named", { title }),
      title: t("panels.lessons.start_hint"),
    });
    return element(
      "li",
      {},
      element(
        "div",
        { class: "lesson-item" },
        element("h4", { text: title }),
        element("p", { text: summary }),
        element("p", { class: "panel-note", text: t("panels.lessons.minutes", { count: minutes }) }),
      ),
      open,
    );
  }

  async open(name) {
    await this.app.act("open", { setup: null, link: null, lesson: name });
    this.focus();
  }

  async leave() {
    await this.app.act("leave_lesson");
    this.focus();
  }

  /** Put the focus on the heading of what was drawn, so that a reader of the page starts there. */
  focus() {
    this.body.querySelector("[tabindex='-1']")?.focus();
  }

  drawLesson() {
    const { t } = this.app;
    const { lesson } = this;
    // A prediction that is being typed must not be lost by a change of the scene.
    const drawn = JSON.stringify([lesson, this.index, this.isRunning]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const answered = lesson.steps.filter(
      (step, i) => isDone(step) && (step.state === "answered" || i <= this.furthest),
    ).length;
    const progress = element("progress", {
      max: lesson.steps.length,
      value: answered,
      "aria-label": t("panels.lessons.progress"),
    });
    this.body.replaceChildren(
      element("h3", { class: "panel-heading", text: lesson.title }),
      element(
        "div",
        { class: "lesson-progress" },
        progress,
        element("span", { text: t("panels.lessons.position", { i: this.index + 1, n: lesson.steps.length }) }),
        button(t("panels.lessons.leave"), () => this.leave(), {
          class: "link-button",
          title: t("panels.lessons.leave_hint"),
        }),
      ),
      this.index === 0 && lesson.summary ? element("p", { class: "panel-hint", text: lesson.summary }) : "",
      this.drawStep(lesson.steps[this.index]),
      this.drawMoves(lesson),
    );
  }

  drawStep(step) {
    const { app } = this;
    const actions = { isRunning: this.isRunning, run: (answer) => this.run(answer) };
    return element(
      "section",
      {
        class: "lesson-step",
        tabindex: "-1",
        "aria-label": app.t("panels.lessons.position", { i: this.index + 1, n: this.lesson.steps.length }),
      },
      markdown(step.text),
      ...drawStepOf(step, app, actions),
    );
  }

  drawMoves(lesson) {
    const { t } = this.app;
    const isLast = this.index === lesson.steps.length - 1;
    const back = button(t("panels.lessons.back"), () => this.goTo(this.index - 1), { disabled: this.index === 0 });
    const next = isLast
      ? button(t("panels.lessons.finish"), () => this.leave(), { title: t("panels.lessons.finish_hint") })
      : button(t("panels.lessons.next"), () => this.goTo(this.index + 1), { title: t("panels.lessons.next_hint") });
    if (isDone(lesson.steps[this.index])) next.classList.add("primary");
    return element("div", { class: "panel-actions lesson-moves" }, back, next);
  }

  /** Show a step; a step that was not shown before starts its own setup. */
  async goTo(index) {
    this.index = index;
    this.error.replaceChildren();
    if (index > this.furthest) {
      this.furthest = index;
      await this.app.act("show_step", { step: index });
    }
    this.drawLesson();
    this.focus();
    this.root.scrollTop = 0;
  }

  /** Keep the prediction, if there is one, then train and compare; the feedback is announced. */
  async run(answer) {
    const { app, index } = this;
    const { connection, store } = app;
    this.isRunning = true;
    this.error.replaceChildren();
    try {
      if (answer !== null && this.lesson.steps[index].state !== "answered") {
        store.setLesson((await connection.request("predict_step", { step: index, answer })).fields.lesson);
      }
      this.drawLesson();
      app.announce(app.t("panels.lessons.running"));
      const { lesson } = (await connection.request("run_step", { step: index })).fields;
      this.isRunning = false;
      store.setLesson(lesson);
      this.drawLesson();
      app.announce(lesson.steps[index].feedback ?? "");
      this.body.querySelector(".lesson-feedback")?.focus();
    } catch (error) {
      this.isRunning = false;
      this.error.replaceChildren(errorMessage(error.message));
      this.drawLesson();
    }
  }
}

/** A step with nothing to answer is done when it has been read. */
const isDone = (step) => step.state === "answered" || !hasTask(step);

/** Mark the controls of the lesson; the settings hide the others. */
function highlight(controls) {
  for (const node of document.querySelectorAll("[data-control]")) {
    node.classList.toggle("is-in-lesson", controls !== null && !node.classList.contains("not-in-lesson"));
  }
}
