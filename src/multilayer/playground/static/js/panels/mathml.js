/** Builders for MathML, which browsers draw without a library. */

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";

function node(tag, children = [], attributes = {}) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map((child) => (typeof child === "object" ? child : guess(child))));
  return made;
}

/** A number or text without a builder: digits become a number, a letter a variable, the rest an operator. */
function guess(value) {
  const text = String(value);
  if (/^[\d.]+$/.test(text)) return mn(text);
  return /^\p{L}+'*$/u.test(text) ? mi(text) : mo(text);
}

function leaf(tag, text, attributes) {
  const made = node(tag, [], attributes);
  made.textContent = text;
  return made;
}

/** A variable. */
export const mi = (text) => leaf("mi", text);
/** A number. */
export const mn = (text) => leaf("mn", String(text));
/** An operator. */
export const mo = (text, attributes = {}) => leaf("mo", text, attributes);
/** Words inside a formula. */
export const mtext = (text) => leaf("mtext", text);
/** Parts side by side. */
export const row = (...children) => node("mrow", children);
/** base with a lower index. */
export const sub = (base, index) => node("msub", [base, index]);
/** base with an upper index. */
export const sup = (base, index) => node("msup", [base, index]);
/** base with a lower and an upper index. */
export const subsup = (base, low, high) => node("msubsup", [base, low, high]);
/** A fraction. */
export const frac = (top, bottom) => node("mfrac", [top, bottom]);
/** A sum over what stands under it. */
export const sum = (under) => node("munder", [mo("∑", { movablelimits: "false" }), under]);
/** Parts in round brackets. */
export const paren = (...children) => row(mo("("), ...children, mo(")"));

/** Several lines, aligned at the first sign: each line is `[left, right]`. */
export function lines(...pairs) {
  const rows = pairs.map(([left, right]) =>
    node("mtr", [
      node("mtd", [left], { class: "math-left" }),
      node("mtd", [mo("=")]),
      node("mtd", [right], { class: "math-right" }),
    ]),
  );
  return node("mtable", rows, { displaystyle: "true", class: "math-lines" });
}

/** A whole formula; `label` is its text for screen readers that do not read MathML. */
export function math(content, label = null) {
  // Large sums and fractions, but at the left like the text: a formula of display "block" is centred.
  return node("math", [content], { displaystyle: "true", ...(label ? { "aria-label": label } : {}) });
}

/** The Greek letters of the equations. */
export const THETA = "Θ";
export const DELTA = "δ";

/** A letter with the indices l, i, ... below it, separated by commas: units count from 1, column 0 is the bias. */
export function indexed(letter, ...indices) {
  const parts = indices.flatMap((index, i) => (i > 0 ? [mo(",", { lspace: "0", rspace: "0.1em" }), index] : [index]));
  return sub(mi(letter), row(...parts));
}

/** The weight of Theta_layer from unit j to unit i. */
export const theta = (layer, i, j) => indexed(THETA, layer, i, j);

/** A number in a formula, in brackets where it is negative and stands after an operator. */
export function value(text, bracketed = false) {
  const negative = text.startsWith("−") || text.startsWith("-");
  const number = negative ? row(mo("−"), mn(text.slice(1))) : mn(text);
  return negative && bracketed ? paren(number) : number;
}
