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
  if (!step.question && !step.run) return [];
  const start = drawStart(step, app, actions.isRunning);
  const prediction = drawPrediction(step, app, actions, start);
  start.addEventListener("click", () => actions.run(prediction.answer()));
  const nodes = [prediction.element, drawActions(step, app, start)];
  if (step.state === "answered") nodes.push(drawFeedback(step, app));
  return nodes;
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
  const isFixed = step.state !== "open" || isRunning;
  start.disabled = isRunning || fields.answer() === null;
  fields.element.addEventListener("input", () => {
    start.disabled = fields.answer() === null;
  });
  const question = element(
    "fieldset",
    { class: "lesson-question", disabled: isFixed },
    element("legend", {}, inline(step.question)),
    step.state === "open" ? element("p", { class: "panel-note", text: app.t("panels.lessons.predict_first") }) : null,
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
  const node = element("div", { class: "panel-fields" }, input, step.unit ? element("span", { text: step.unit }) : null);
  return { element: node, answer: () => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null) };
}

function drawStart(step, app, isRunning) {
  const isPredicted = hasChoices(step) || isNumber(step);
  const idle = step.state === "answered" ? "again" : isPredicted || step.run ? "run" : "check";
  const start = button(app.t(`panels.lessons.${isRunning ? "running" : idle}`), () => {}, {
    class: step.state === "answered" ? "run-button" : "primary run-button",
    title: app.t(isPredicted ? "panels.lessons.run_predicted_hint" : "panels.lessons.run_hint"),
  });
  start.disabled = isRunning;
  return start;
}

function drawActions(step, app, start) {
  const epochs = step.run?.epochs;
  const length = epochs ? element("span", { class: "panel-note", text: app.t("panels.lessons.epochs", { count: epochs }) }) : null;
  return element("div", { class: "panel-actions" }, start, length);
}

function drawFeedback(step, app) {
  const key = { true: "right", false: "wrong", null: "measured" }[String(step.is_right ?? null)];
  return element(
    "div",
    { class: `lesson-feedback is-${key}`, tabindex: "-1" },
    element("p", { class: "lesson-verdict", text: app.t(`panels.lessons.verdict_${key}`) }),
    markdown(step.feedback ?? "", 5),
  );
}
