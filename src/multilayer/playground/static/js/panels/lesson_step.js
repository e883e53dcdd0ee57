// The question of a step of a lesson: a prediction first, then the measured answer.

import { short } from "./digits.js";
import { inline, markdown } from "./markdown.js";
import { button, element } from "./nodes.js";

/**
 * Return the nodes of a step under its text. `actions` are `predict(answer)`, `run()` and `isRunning`.
 *
 * A step with a question and choices or a unit is predicted before it runs; one without them is a task, which is checked.
 */
export function drawStepOf(step, app, actions) {
  const { t } = app;
  const isAsked = Boolean(step.question);
  const needsPrediction = isAsked && (step.choices?.length > 0 || step.unit !== null || step.run !== null);
  const nodes = [];
  if (isAsked) nodes.push(needsPrediction ? drawPrediction(step, app, actions) : element("p", { class: "lesson-question" }, inline(step.question)));
  if (isAsked || step.run) nodes.push(drawRun(step, app, actions, needsPrediction));
  if (step.state === "answered") nodes.push(drawFeedback(step, app));
  if (step.explanation && step.state === "answered") nodes.push(element("div", {}, element("h5", { text: t("panels.lessons.explanation") }), markdown(step.explanation, 5)));
  return nodes;
}

function drawPrediction(step, app, { predict, isRunning }) {
  const { t } = app;
  const isFixed = step.state === "answered" || isRunning;
  const fields = step.choices?.length > 0 ? choices(step, predict) : number(step, app, predict);
  const badge = step.state === "open" ? null : element("p", { class: "panel-note", text: t("panels.lessons.predicted", { answer: written(step) }) });
  return element(
    "fieldset",
    { class: "lesson-question", disabled: isFixed },
    element("legend", {}, inline(step.question)),
    element("p", { class: "panel-note", text: t("panels.lessons.predict_first") }),
    fields,
    badge,
  );
}

function written({ prediction, unit }) {
  if (prediction === null || prediction === undefined) return "";
  const text = typeof prediction === "number" ? short(prediction, 6) : String(prediction);
  return unit ? `${text} ${unit}` : text;
}

let groups = 0;

function choices(step, predict) {
  groups += 1;
  const options = step.choices.map((choice) => {
    const radio = element("input", { type: "radio", name: `prediction-${groups}`, value: choice, on: { change: () => predict(choice) } });
    radio.checked = step.prediction === choice;
    return element("label", { class: "lesson-choice" }, radio, element("span", {}, inline(choice)));
  });
  return element("div", { class: "lesson-choices" }, ...options);
}

function number(step, app, predict) {
  const { t } = app;
  const input = element("input", { type: "number", step: "any", required: true, "aria-label": t("panels.lessons.number", { unit: step.unit ?? "" }) });
  if (step.prediction !== null && step.prediction !== undefined) input.value = step.prediction;
  const keep = (event) => {
    event.preventDefault();
    if (input.reportValidity()) predict(input.valueAsNumber);
  };
  return element(
    "form",
    { class: "panel-fields", on: { submit: keep } },
    input,
    step.unit ? element("span", { text: step.unit }) : null,
    element("button", { type: "submit", text: t("panels.lessons.keep"), title: t("panels.lessons.keep_hint") }),
  );
}

function drawRun(step, app, { run, isRunning }, needsPrediction) {
  const { t } = app;
  const isWaiting = needsPrediction && step.state === "open";
  const key = isRunning ? "running" : step.state === "answered" ? "again" : needsPrediction || step.run ? "run" : "check";
  const start = button(t(`panels.lessons.${key}`), run, {
    class: "primary run-button",
    disabled: isWaiting || isRunning,
    title: t(isWaiting ? "panels.lessons.predict_before" : "panels.lessons.run_hint"),
  });
  const length = step.run?.epochs ? element("span", { class: "panel-note", text: t("panels.lessons.epochs", { count: step.run.epochs }) }) : null;
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
