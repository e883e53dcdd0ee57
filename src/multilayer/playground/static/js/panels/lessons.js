// The panel "Lessons": a list, and a lesson step by step: read, predict, run, compare.

import { button, element, errorMessage } from "./nodes.js";
import { drawStepOf } from "./lesson_step.js";
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
    highlight(lesson?.controls ?? []);
    if (lesson?.name !== this.name) this.index = lesson?.step ?? 0;
    if (this.root.hidden) return;
    this.name = lesson?.name;
    if (lesson) this.drawLesson();
    else this.drawList();
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
      element("div", { class: "lesson-item" },
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
    const answered = lesson.steps.filter(isDone).length;
    const progress = element("progress", { max: lesson.steps.length, value: answered, "aria-label": t("panels.lessons.progress") });
    this.body.replaceChildren(
      element("h3", { class: "panel-heading", text: lesson.title }),
      element(
        "div",
        { class: "lesson-progress" },
        progress,
        element("span", { text: t("panels.lessons.position", { i: this.index + 1, n: lesson.steps.length }) }),
        button(t("panels.lessons.leave"), () => this.leave(), { class: "link-button", title: t("panels.lessons.leave_hint") }),
      ),
      this.index === 0 && lesson.summary ? element("p", { class: "panel-hint", text: lesson.summary }) : "",
      this.drawStep(lesson.steps[this.index]),
      this.drawMoves(lesson),
    );
  }

  drawStep(step) {
    const { app } = this;
    const actions = {
      isRunning: this.isRunning,
      predict: (answer) => this.change("predict_step", { step: this.index, answer }),
      run: () => this.run(),
    };
    return element(
      "section",
      { class: "lesson-step", tabindex: "-1", "aria-label": app.t("panels.lessons.position", { i: this.index + 1, n: this.lesson.steps.length }) },
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

  goTo(index) {
    this.index = index;
    this.error.replaceChildren();
    this.drawLesson();
    this.focus();
    this.root.scrollTop = 0;
  }

  async run() {
    this.isRunning = true;
    this.drawLesson();
    this.app.announce(this.app.t("panels.lessons.running"));
    await this.change("run_step", { step: this.index });
  }

  /** Send a request that answers with the lesson, and draw it; the feedback is announced. */
  async change(name, fields) {
    try {
      const answer = await this.app.connection.request(name, fields);
      this.error.replaceChildren();
      this.isRunning = false;
      this.app.store.setLesson(answer.fields.lesson);
      const step = answer.fields.lesson.steps[fields.step];
      if (step.feedback) this.app.announce(step.feedback);
      this.body.querySelector(".lesson-feedback, .run-button")?.focus();
    } catch (error) {
      this.isRunning = false;
      this.error.replaceChildren(errorMessage(error.message));
      this.drawLesson();
    }
  }
}

/** A step with nothing to answer is done when it has been read. */
const isDone = (step) => step.state === "answered" || (!step.question && !step.run);

/** Mark the controls that the lesson uses; the names are those of the parameters. */
function highlight(controls) {
  const wanted = new Set(controls);
  for (const node of document.querySelectorAll("[data-control]")) {
    node.classList.toggle("is-in-lesson", wanted.has(node.dataset.control));
  }
}
