// Numbers as text: a real minus sign, thin spaces nowhere, commas for thousands, "–" for a value that does not exist.

const NONE = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function signed(text) {
  // A number that is rounded to 0 has no sign.
  if (/^-[0.]+$/.test(text)) return text.slice(1);
  return text.replace(/-/g, "\u2212");
}

function exists(x) {
  return x !== null && x !== undefined && !Number.isNaN(Number(x));
}

/** A number with `digits` significant digits: 0.0123, 12.3, 1,230, 1.23e−7. */
export function number(x, digits = 3) {
  if (!exists(x)) return NONE;
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "\u2212∞";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e6) return signed(x.toExponential(digits - 1).replace("e+", "e"));
  if (size >= 10 ** (digits - 1)) return signed(whole.format(x));
  return signed(x.toPrecision(digits));
}

/** A number with at most `digits` significant digits, without zeros at the end: 0.01, 1.5. */
export function short(x, digits = 3) {
  return exists(x) && Number.isFinite(x) ? signed(String(Number(x.toPrecision(digits)))) : number(x, digits);
}

/** A number with a fixed count of decimals, for columns. */
export function fixed(x, decimals = 3) {
  return exists(x) ? signed(Number(x).toFixed(decimals)) : NONE;
}

export function integer(x) {
  return exists(x) ? signed(whole.format(x)) : NONE;
}

/** A share: 0.973 becomes 97.3 %. */
export function percent(x, decimals = 1) {
  return exists(x) ? `${signed((100 * x).toFixed(decimals))}\u00a0%` : NONE;
}

/** Every digit that a float64 has. */
export function exact(x) {
  return exists(x) ? signed(String(x)) : NONE;
}

/** A score of `task`: accuracy as a percentage, R² as a number. */
export function score(x, task) {
  return task === "regression" ? fixed(x, 3) : percent(x);
}

export function seconds(x) {
  if (!exists(x)) return NONE;
  if (x < 0.1) return `${Math.round(1000 * x)}\u00a0ms`;
  if (x < 60) return `${x.toFixed(1)}\u00a0s`;
  return `${Math.floor(x / 60)}\u00a0min ${Math.round(x % 60)}\u00a0s`;
}
