/** Tables of 256 colours for the maps, from the colours of the style sheet, so that light and dark both fit. */

import { amountRgb, classRgb, mixed, rgb } from "../theme.js";

const CLASS_SHARE = 0.5; // of a class's colour in a map: the marks, in the full colour, stay visible on it
const SIGN_SHARE = 0.85;

export const css = ([red, green, blue], opacity = 1) => `rgb(${red} ${green} ${blue} / ${opacity})`;

/** A table of 256 colours of `colour(share)`, three bytes each. */
function table(colour) {
  const bytes = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) bytes.set(colour(i / 255), 3 * i);
  return bytes;
}

/** The colour of class k in a map. */
export const classShade = (k) => mixed(rgb("paper"), classRgb(k), CLASS_SHARE);

/** Probabilities of the second of two classes: the paper at one half. */
export function twoClassRamp() {
  const paper = rgb("paper");
  return table((share) => mixed(paper, classShade(share < 0.5 ? 0 : 1), Math.abs(2 * share - 1)));
}

/** Probabilities of one class, from the paper. */
export function oneClassRamp(k) {
  const paper = rgb("paper");
  return table((share) => mixed(paper, classShade(k), share));
}

/** Amounts, from low to high. */
export const amountRamp = () => table(amountRgb);

/** The colour of one amount between low and high. */
export const amountColour = (value, low, high) => amountRgb(Math.min(1, Math.max(0, (value - low) / (high - low || 1))));

/** Values from -1 to 1: the colours of signs, the paper at zero. */
export function signRamp() {
  const paper = rgb("paper");
  return table((share) => mixed(paper, rgb(share < 0.5 ? "negative" : "positive"), SIGN_SHARE * Math.abs(2 * share - 1)));
}
