/** Elements, numbers, scales and ticks: what every picture is drawn with. */

const NAMESPACE = "http://www.w3.org/2000/svg";
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

/** An SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An HTML element; `text` sets its text, `onclick` and the like add listeners, the rest are attributes. */
export function html(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const drawn = new WeakMap();

/** Set the attributes that differ from the last call; null removes one. A frame touches only what moved. */
export function update(element, attributes) {
  let known = drawn.get(element);
  if (!known) drawn.set(element, (known = {}));
  for (const name in attributes) {
    const value = attributes[name];
    if (known[name] === value) continue;
    known[name] = value;
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

/** Set the text of an element if it differs. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The coordinate of a value on an axis, linear or logarithmic, with its inverse. */
export function scale(low, high, from, to, logarithmic = false) {
  const forward = logarithmic ? Math.log10 : (value) => value;
  const a = forward(low);
  const span = forward(high) - a || 1;
  const place = (value) => from + ((forward(value) - a) / span) * (to - from);
  place.invert = (position) => {
    const value = a + ((position - from) / (to - from)) * span;
    return logarithmic ? 10 ** value : value;
  };
  return place;
}

/** Round values between low and high, about `count` of them. */
export function ticks(low, high, count = 5) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const values = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) values.push(Number((k * step).toPrecision(12)));
  return values;
}

/** Powers of ten between low and high, with 2 and 5 between where there are few; round numbers within one decade. */
export function logTicks(low, high, count = 5) {
  if (high < 10 * low) return ticks(low, high, count);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / count));
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const values = [];
  for (let power = first; power <= last; power += every)
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= low * 0.9999 && value <= high * 1.0001) values.push(value);
    }
  return values;
}

/** The label of a tick: short, without zeros that carry nothing. */
export function tickText(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e15)) return value.toExponential().replaceAll("-", "−").replace("e+", "e");
  if (size >= 1e4) return compact.format(value).toLowerCase().replace("m", "M").replaceAll("-", "−");
  return String(Number(value.toPrecision(6))).replaceAll("-", "−");
}

/** A text cut to a number of letters, with an ellipsis. */
export function shorten(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}

/** A text cut in its middle to a number of letters; `head` is the share of the letters before the ellipsis. */
function withoutMiddle(text, letters, head) {
  if (text.length <= letters) return text;
  const before = Math.round((letters - 1) * head);
  return `${text.slice(0, before)}…${text.slice(text.length - (letters - 1 - before))}`;
}

/** The number of letters with which all names begin. */
function commonStart(names) {
  const [first = ""] = names;
  let length = first.length;
  for (const name of names) while (!name.startsWith(first.slice(0, length))) length--;
  return length;
}

/** Names cut to a number of letters in the way in which most of them differ. */
export function shortNames(names, letters) {
  const ways = [0.5, 1, 0, 0.75, 0.25].map((head) => (name) => withoutMiddle(name, letters, head));
  const start = commonStart(names);
  const end = commonStart(names.map((name) => [...name].reverse().join("")));
  // Long names that begin and end alike are shown where they differ.
  const middle = (name) => `…${name.slice(start, Math.max(start, name.length - end))}${end ? "…" : ""}`;
  ways.push((name) => (name.length <= letters ? name : shorten(middle(name), letters)));
  let best = names;
  let most = 0;
  for (const way of ways) {
    const cut = names.map(way);
    const count = new Set(cut).size;
    if (count > most) [best, most] = [cut, count];
  }
  return best;
}

/** Call `draw(width, height)` now and whenever the element changes its size. */
export function onSize(element, draw) {
  let last = "";
  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    const size = `${width} ${height}`;
    if (width < 1 || size === last) return;
    last = size;
    draw(width, height);
  });
  observer.observe(element);
}

/** Fit a canvas to a size in CSS pixels at the resolution of the screen; returns its context, scaled. */
export function fitCanvas(canvas, width, height) {
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** A choice of a few words: a label that only screen readers see, and a select. */
export function choice(label, options, value, onChange) {
  const select = html("select", { "aria-label": label, "data-hint": label, class: "picture-select" });
  for (const [name, text] of options) select.append(html("option", { value: name, text, selected: name === value }));
  select.addEventListener("change", () => onChange(select.value));
  return select;
}

/** Points `[[x, y], ...]` as the text of an SVG path. */
export const linePoints = (points) => (points.length ? `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` : "");
