/** Colours of values: classes, signs and amounts, read from the style sheet so that light and dark both fit. */

const NAMES = ["ink", "muted", "paper", "panel", "line", "accent", "positive", "negative", "stale"];
const AMOUNTS = [
  [43, 29, 94],
  [47, 93, 143],
  [42, 145, 135],
  [124, 193, 90],
  [245, 230, 99],
];
const CLASSES = 10;

let known = null;
const listeners = new Set();

/** Any CSS colour as [r, g, b]. */
function components(context, colour) {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** The present colours: `{classes: [[r, g, b], ...], ink: [r, g, b], ...}`. */
export function palette() {
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const read = (name) => components(context, style.getPropertyValue(`--${name}`).trim() || "grey");
  known = { classes: Array.from({ length: CLASSES }, (_, k) => read(`class-${k}`)) };
  for (const name of NAMES) known[name] = read(name);
  return known;
}

/** Call `draw` when the page turns light or dark. */
export function onTheme(draw) {
  listeners.add(draw);
}

function renew() {
  known = null;
  for (const draw of listeners) draw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
new MutationObserver(renew).observe(document.documentElement, { attributes: true, attributeFilter: ["class", "data-theme"] });

export const css = ([r, g, b], alpha = 1) => (alpha === 1 ? `rgb(${r} ${g} ${b})` : `rgb(${r} ${g} ${b} / ${alpha})`);

export const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

/** A table of 256 colours through evenly spaced stops. */
export function ramp(stops) {
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const position = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(position), stops.length - 2);
    table.set(mix(stops[k], stops[k + 1], position - k), 3 * i);
  }
  return table;
}

/** Amounts, from low to high. */
export const amountRamp = () => ramp(AMOUNTS);

/** The colour of one amount between low and high. */
export function amountColour(value, low, high) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  const position = share * (AMOUNTS.length - 1);
  const k = Math.min(Math.floor(position), AMOUNTS.length - 2);
  return mix(AMOUNTS[k], AMOUNTS[k + 1], position - k);
}

/** Probabilities of the second of two classes: the paper at one half. */
export function twoClassRamp() {
  const { classes, paper } = palette();
  return ramp([mix(paper, classes[0], 0.72), paper, mix(paper, classes[1], 0.72)]);
}

/** Values from `-1` to `1`: the colours of signs, the paper at zero. */
export function signRamp() {
  const { positive, negative, paper } = palette();
  return ramp([mix(paper, negative, 0.9), paper, mix(paper, positive, 0.9)]);
}
