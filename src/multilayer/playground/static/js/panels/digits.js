/** Numbers with all their digits, and the digits in which two numbers agree. */

import { element } from "./nodes.js";

const NONE = "–";
const MOST = 17; // significant digits that tell any two float64 numbers apart

/** Count the significant digits to which both numbers round to the same value; 0 if none. */
export function agreeing(a, b) {
  if (a === null || b === null) return 0; // a number that is not finite
  if (a === b) return MOST;
  for (let n = MOST; n > 0; n -= 1) {
    if (a.toPrecision(n) === b.toPrecision(n)) return n;
  }
  return 0;
}

/** Write a number as sign, digits and power of ten: `{sign, digits: "1.234...", exponent: -3}`, with 16 digits. */
function parts(value, count = 16) {
  const [mantissa, exponent] = Math.abs(value)
    .toExponential(count - 1)
    .split("e");
  return { sign: value < 0 ? "−" : "", digits: mantissa, exponent: Number(exponent) };
}

/** The same, as one text. */
export function allDigits(value) {
  if (value === null) return NONE;
  const { sign, digits, exponent } = parts(value);
  return `${sign}${digits}${power(exponent)}`;
}

function power(exponent) {
  return exponent === 0 ? "" : ` × 10${superscript(exponent)}`;
}

function superscript(exponent) {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const written = [...String(Math.abs(exponent))].map((digit) => digits[Number(digit)]).join("");
  return exponent < 0 ? `⁻${written}` : written;
}

/** Draw a number with all digits; the first `agreed` significant ones are marked. */
export function drawDigits(value, agreed) {
  if (value === null) return element("span", { class: "digits", text: NONE });
  const { sign, digits, exponent } = parts(value);
  // The decimal point stands between the first digit and the rest, and counts for none.
  const end = agreed > 1 ? Math.min(digits.length, agreed + 1) : agreed;
  return element(
    "span",
    { class: "digits" },
    sign || "\u2007", // a blank as wide as a digit keeps the numbers below each other
    element("mark", { text: digits.slice(0, end) }),
    digits.slice(end),
    power(exponent),
  );
}

/** A short number for tables and formulas: four significant digits, with a true minus sign; whole numbers as they are. */
export function short(value, count = 4) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  if (size < 1e6 && Number.isInteger(value)) return minus(String(value));
  if (size >= 1e-3 && size < 1e6) return minus(size < 10 ** count ? value.toPrecision(count) : value.toFixed(0));
  const { sign, digits, exponent } = parts(value, count);
  return `${sign}${digits}${power(exponent)}`;
}

/** A parameter as it was given, such as 0.5: without the zeros of `short`. */
export function plain(value) {
  if (value === null) return NONE;
  return minus(String(Number(value.toPrecision(6))));
}

const minus = (text) => text.replace("-", "−");
