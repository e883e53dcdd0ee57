"use strict";

const MOST_OPTIONS = 200; // of a select
const MOST_BARS = 20;
const byId = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A field for each column: [name, node, read], where read returns the value of the request.
function field(name, column, id) {
  const kind = column["x-kind"];
  const categories = column["x-categories"];
  const example = column.examples?.[0] ?? null;
  const range = column["x-range"];
  let input;
  let read = () => (input.value === "" ? null : input.value);
  if (kind === "Boolean" || (categories && categories.length <= MOST_OPTIONS)) {
    const values = kind === "Boolean" ? [true, false] : categories;
    input = make("select", {}, make("option", { value: "", textContent: "(gap)" }));
    values.forEach((value, i) =>
      input.append(make("option", { value: String(i), textContent: String(value), defaultSelected: value === example })));
    read = () => (input.value === "" ? null : values[Number(input.value)]);
  } else if (kind === "number" || kind === "duration") {
    input = make("input", { type: "number", step: "any", defaultValue: example ?? "" });
    read = () => {
      if (input.validity.badInput) throw new Error(`${name}: is not a number.`);
      return input.value === "" ? null : Number(input.value);
    };
  } else if (kind === "date") {
    const hasTime = [example, ...(range ?? [])].some((each) => String(each).includes("T"));
    input = make("input", { type: hasTime ? "datetime-local" : "date", step: hasTime ? "1" : "any", defaultValue: example ?? "" });
  } else if (kind === "time") {
    input = make("input", { type: "time", step: "1", defaultValue: example ?? "" });
  } else {
    input = make("input", { type: "text", autocomplete: "off", defaultValue: example ?? "" });
    if (categories) {
      const list = make("datalist", { id: `${id}-list` }, ...categories.map((value) => make("option", { value })));
      byId("columns").append(list);
      input.setAttribute("list", list.id);
    }
  }
  input.id = id;
  const hints = [];
  if (column["x-spelled"]) hints.push(`text of a ${column["x-spelled"]}`);
  if (kind === "duration") hints.push("seconds");
  if (range) hints.push(`${range[0]} to ${range[1]}`);
  const node = make("div", {}, make("label", { htmlFor: id, textContent: name }), input);
  if (hints.length) {
    node.append(make("p", { className: "hint", id: `${id}-hint`, textContent: hints.join(", ") }));
    input.setAttribute("aria-describedby", `${id}-hint`);
  }
  return { name, node, read };
}

function columnsOf(row) {
  return row.properties
    ? Object.entries(row.properties)
    : row.prefixItems.map((column) => [column.title, column]);
}

function shown(value, digits = 6) {
  if (value === null) return "open";
  if (Array.isArray(value)) return value.map((each) => shown(each, digits)).join(", ");
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}

// Rows of a table with a bar each; the bars of signed values begin in the middle.
function bars(caption, entries, { isSigned, write }) {
  const largest = isSigned ? Math.max(...entries.map(([, value]) => Math.abs(value)), Number.MIN_VALUE) : 1;
  const body = make("tbody");
  for (const [name, value] of entries) {
    const bar = make("span", { className: value < 0 ? "down" : "" });
    const share = (100 * Math.abs(value)) / largest;
    bar.style.width = `${isSigned ? share / 2 : share}%`;
    bar.style.left = isSigned ? `${value < 0 ? 50 - share / 2 : 50}%` : "0";
    const track = make("div", { className: isSigned ? "track two-sided" : "track" }, bar);
    track.setAttribute("aria-hidden", "true");
    const head = make("th", { textContent: name });
    head.scope = "row";
    body.append(make("tr", {}, head, make("td", {}, track), make("td", { className: "value", textContent: write(value) })));
  }
  return make("table", { className: "bars" }, make("caption", { textContent: caption }), body);
}

const signed = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + shown(Math.abs(value), 3);

function reasons(explanation, name) {
  let entries = Object.entries(explanation.contributions);
  if (explanation.trees) entries.push(["(gradient-boosted trees)", explanation.trees]);
  if (explanation.limits) entries.push(["(limits of the prediction)", explanation.limits]);
  entries.sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  const rest = entries.slice(MOST_BARS);
  entries = entries.slice(0, MOST_BARS);
  if (rest.length) entries.push([`(${rest.length} other columns)`, rest.reduce((sum, [, value]) => sum + value, 0)]);
  const caption = `Why: the contribution of each column to the ${name}, which is ${shown(explanation.baseline, 4)} for the mean training row`;
  return bars(caption, entries, { isSigned: true, write: signed });
}

function showAnswer(answer, share) {
  const coverage = `${shown(100 * share)} %`;
  const parts = [make("h2", { textContent: "Prediction" })];
  const words = make("p", { className: "answer", textContent: shown(answer.prediction) });
  if (answer.interval) {
    words.append(" ", make("small", { textContent: `${coverage} interval: ${shown(answer.interval.lower)} to ${shown(answer.interval.upper)}` }));
  }
  if (answer.set) words.append(" ", make("small", { textContent: `${coverage} set: ${answer.set.map((label) => shown(label)).join(", ") || "empty"}` }));
  parts.push(words, ...answer.warnings.map((text) => make("p", { className: "warning", textContent: `Warning: ${text}.` })));
  if (answer.probabilities) {
    const entries = Object.entries(answer.probabilities).sort((one, other) => other[1] - one[1]).slice(0, MOST_BARS);
    parts.push(bars("Probabilities", entries, { isSigned: false, write: (value) => `${(100 * value).toFixed(1)} %` }));
  }
  const name = answer.probabilities ? `probability of ${shown(answer.prediction)}` : "prediction";
  if (answer.explanation) parts.push(reasons(answer.explanation, name));
  byId("result").replaceChildren(...parts);
  byId("result").scrollIntoView({ block: "nearest" });
}

function showError(text) {
  const node = make("p", { className: "error", textContent: text });
  node.setAttribute("role", "alert");
  byId("result").replaceChildren(node);
}

function commandOf(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -H 'Content-Type: application/json' ${new URL("predict", location.href)} -d '${quoted}'`;
}

async function predict(fields, isByName, options) {
  const pairs = fields.map(({ name, read }) => [name, read()]);
  const row = isByName ? Object.fromEntries(pairs) : pairs.map(([, value]) => value);
  const body = { rows: [row], ...options() };
  byId("command").textContent = commandOf(body);
  byId("request").hidden = false;
  const response = await fetch("predict", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const found = await response.json();
  if (response.ok) showAnswer(found.predictions[0], body.interval);
  else showError(found.error);
}

// The options of a table model; a function that returns those of the request.
function optionFields(properties) {
  if (!properties.explain) return () => ({});
  const explain = make("input", { type: "checkbox", id: "explain", defaultChecked: true });
  const interval = make("input", { type: "number", id: "interval", min: "0.5", max: "0.99", step: "0.01", defaultValue: "0.9" });
  const what = properties.interval.description;
  byId("choices").append(
    make("div", {}, make("label", { className: "check" }, explain, "Explain the prediction")),
    make("div", {}, make("label", { htmlFor: "interval", textContent: "Coverage" }), interval,
      make("p", { className: "hint", id: "interval-hint", textContent: what })));
  interval.setAttribute("aria-describedby", "interval-hint");
  byId("options").hidden = false;
  return () => ({ explain: explain.checked, ...(interval.value === "" ? {} : { interval: Number(interval.value) }) });
}

async function start() {
  const schema = await (await fetch("schema")).json();
  document.title = schema.title;
  byId("title").textContent = schema.title;
  byId("description").textContent = schema.description;
  const row = schema.$defs.row;
  const fields = columnsOf(row).map(([name, column], i) =>
    column["x-kind"] === "empty" ? { name, node: null, read: () => null } : field(name, column, `column-${i}`));
  byId("columns").append(...fields.map(({ node }) => node).filter(Boolean));
  const options = optionFields(schema.properties);
  const form = byId("form");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button.main");
    button.disabled = true;
    try {
      await predict(fields, Boolean(row.properties), options);
    } catch (error) {
      showError(error instanceof TypeError ? "The server does not answer." : error.message);
    } finally {
      button.disabled = false;
    }
  });
  form.addEventListener("reset", () => byId("result").replaceChildren());
}

start().catch((error) => {
  byId("description").textContent = "";
  showError(`The columns of the model cannot be read: ${error.message}`);
});
