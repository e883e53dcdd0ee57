// The question of a step of a lesson: a prediction first, then the measured answer.

import { inline, markdown } from "./markdown.js";
import { button, element } from "./nodes.js";

/**
 * Return the nodes of a step under its text. `actions` are `run(answer)` and `isRunning`.
 *
 * A step with choices or an amount is predicted before it can run; `answer` is the prediction. A task, which has neither,
 * is checked, and its answer is null.
 */
export function drawStepOf(step, app, actions) {
  if (!hasTask(step)) return [];
  const start = drawStart(step, app, actions.isRunning);
  const prediction = drawPrediction(step, app, actions, start);
  start.addEventListener("click", () => actions.run(prediction.answer()));
  const nodes = [prediction.element, drawGoal(step, app), drawActions(step, app, start)];
  if (step.feedback) nodes.push(drawFeedback(step, app));
  return nodes.filter((node) => node !== null);
}

/** Whether a step asks for something; the others are read. */
export function hasTask(step) {
  return step.kind === "goal" || Boolean(step.question || step.run);
}

/** The bounds of a goal, which are checked on the run of the page. */
function drawGoal({ goal }, app) {
  if (!goal) return null;
  const { t, format } = app;
  const bounds = goal.flatMap(({ title, at_least: low, at_most: high }) => [
    ...(low === null ? [] : [t("panels.lessons.at_least", { title, value: format.exact(low) })]),
    ...(high === null ? [] : [t("panels.lessons.at_most", { title, value: format.exact(high) })]),
  ]);
  return element(
    "div",
    { class: "lesson-question" },
    element("p", { text: t("panels.lessons.goal") }),
    element("ul", {}, ...bounds.map((text) => element("li", { text }))),
  );
}

const hasChoices = (step) => (step.choices ?? []).length > 0;
const isNumber = (step) => !hasChoices(step) && step.unit !== null && step.unit !== undefined;

/** The question with its fields; `answer()` is the prediction, and `start` is enabled as soon as there is one. */
function drawPrediction(step, app, { isRunning }, start) {
  if (!hasChoices(step) && !isNumber(step)) {
    const text = step.question ? element("p", { class: "lesson-question" }, inline(step.question)) : "";
    return { element: text, answer: () => null };
  }
  const fields = hasChoices(step) ? drawChoices(step) : drawNumber(step, app);
  const isFixed = step.state === "answered" || isRunning;
  start.disabled = isRunning || fields.answer() === null;
  fields.element.addEventListener("input", () => {
    start.disabled = fields.answer() === null;
  });
  const question = element(
    "fieldset",
    { class: "lesson-question", disabled: isFixed },
    element("legend", {}, inline(step.question)),
    step.state === "open" ? element("p", { class: "panel-note", text: app.t(`panels.lessons.${step.kind === "bug" ? "examine" : "predict_first"}`) }) : null,
    fields.element,
  );
  return { element: question, answer: fields.answer };
}

let groups = 0;

function drawChoices(step) {
  groups += 1;
  const options = step.choices.map((choice) => {
    const radio = element("input", { type: "radio", name: `prediction-${groups}`, value: choice });
    radio.checked = step.prediction === choice;
    return element("label", { class: "lesson-choice" }, radio, element("span", {}, inline(choice)));
  });
  const node = element("div", { class: "lesson-choices" }, ...options);
  return { element: node, answer: () => node.querySelector("input:checked")?.value ?? null };
}

function drawNumber(step, app) {
  const input = element("input", {
    type: "number",
    step: "any",
    "aria-label": app.t("panels.lessons.number", { unit: step.unit }),
  });
  input.value = step.prediction ?? "";
  const node = element(
    "div",
    { class: "panel-fields" },
    input,
    step.unit ? element("span", { text: step.unit }) : null,
  );
  return { element: node, answer: () => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null) };
}

function drawStart(step, app, isRunning) {
  const isAnswered = step.state === "answered";
  const isPredicted = hasChoices(step) || isNumber(step);
  const key = isRunning ? "running" : isAnswered && step.run ? "again" : step.run ? "run" : "check";
  const start = button(app.t(`panels.lessons.${key}`), () => {}, {
    class: isAnswered ? "run-button" : "primary run-button",
    title: app.t(
      step.kind === "goal"
        ? "panels.lessons.goal_hint"
        : isPredicted
          ? "panels.lessons.run_predicted_hint"
          : "panels.lessons.run_hint",
    ),
  });
  start.disabled = isRunning;
  // The answer is given and the mistake is shown: there is nothing to check again.
  start.hidden = step.kind === "bug" && isAnswered;
  return start;
}

function drawActions(step, app, start) {
  const { t } = app;
  const texts = [];
  if (step.run?.epochs) texts.push(t("panels.lessons.epochs", { count: step.run.epochs }));
  if (step.run?.seeds > 1) texts.push(t("panels.lessons.seeds", { n: step.run.seeds }));
  const length = texts.length > 0 ? element("span", { class: "panel-note", text: texts.join(", ") }) : null;
  return element("div", { class: "panel-actions" }, start, length);
}

function drawFeedback(step, app) {
  const kind = step.is_right === null || step.is_right === undefined ? "measured" : step.is_right ? "right" : "wrong";
  const verdict = step.kind === "goal" ? `goal_${kind}` : kind;
  const explanation = step.explanation
    ? element(
        "div",
        { class: "lesson-explanation" },
        element("h4", { text: app.t("panels.lessons.explanation") }),
        markdown(step.explanation, 5),
      )
    : null;
  return element(
    "div",
    { class: `lesson-feedback is-${kind}`, tabindex: "-1" },
    element("p", { class: "lesson-verdict", text: app.t(`panels.lessons.verdict_${verdict}`) }),
    markdown(step.feedback, 5),
    explanation,
  );
}
