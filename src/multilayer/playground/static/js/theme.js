// Colours and marks for SVG and canvas. CSS variables are the only source of colours.

const CLASSES = 10;
const SCHEME = matchMedia("(prefers-color-scheme: dark)");
const MARKS = ["circle", "triangle", "square", "diamond", "plus", "star", "down", "cross", "hexagon", "bar"];

const cache = new Map();
const listeners = new Set();

/** The value of a CSS variable, e.g. color("accent"), as [red, green, blue] in 0 to 255. */
export function rgb(name) {
  if (!cache.has(name)) {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3);
    probe.remove();
    cache.set(name, parts.map(Number));
  }
  return cache.get(name);
}

export function color(name, opacity = 1) {
  const [red, green, blue] = rgb(name);
  return `rgb(${red} ${green} ${blue} / ${opacity})`;
}

export function classRgb(k) {
  return rgb(`class-${k % CLASSES}`);
}

/** The colour of an amount in [0, 1]: from low to high, for targets that are numbers. */
export function amountRgb(share) {
  return share < 0.5 ? mixed(rgb("amount-low"), rgb("amount-middle"), 2 * share) : mixed(rgb("amount-middle"), rgb("amount-high"), 2 * share - 1);
}

export function mixed(one, other, share) {
  return one.map((value, i) => Math.round(value + (other[i] - value) * share));
}

/** The name of the mark of class k. */
export function mark(k) {
  return MARKS[k % MARKS.length];
}

/** SVG path data of the mark of class k, of radius r around (x, y); `new Path2D(markPath(...))` draws it on a canvas. */
export function markPath(k, r, x = 0, y = 0) {
  return shapes[mark(k)](r, x, y);
}

function polygon(r, x, y, n, turn, inner = null) {
  const count = inner === null ? n : 2 * n;
  const corners = Array.from({ length: count }, (_, i) => {
    const size = inner !== null && i % 2 === 1 ? inner * r : r;
    const angle = turn + (2 * Math.PI * i) / count;
    return `${(x + size * Math.cos(angle)).toFixed(2)} ${(y + size * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${corners.join("L")}Z`;
}

function plus(r, x, y, turn) {
  const w = 0.36 * r;
  const corners = [[w, r], [w, w], [r, w], [r, -w], [w, -w], [w, -r], [-w, -r], [-w, -w], [-r, -w], [-r, w], [-w, w], [-w, r]];
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return `M${corners.map(([a, b]) => `${(x + c * a - s * b).toFixed(2)} ${(y + s * a + c * b).toFixed(2)}`).join("L")}Z`;
}

const shapes = {
  circle: (r, x, y) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  triangle: (r, x, y) => polygon(1.25 * r, x, y + 0.2 * r, 3, -Math.PI / 2),
  square: (r, x, y) => polygon(1.25 * r, x, y, 4, Math.PI / 4),
  diamond: (r, x, y) => polygon(1.3 * r, x, y, 4, 0),
  plus: (r, x, y) => plus(1.15 * r, x, y, 0),
  star: (r, x, y) => polygon(1.4 * r, x, y, 5, -Math.PI / 2, 0.45),
  down: (r, x, y) => polygon(1.25 * r, x, y - 0.2 * r, 3, Math.PI / 2),
  cross: (r, x, y) => plus(1.15 * r, x, y, Math.PI / 4),
  hexagon: (r, x, y) => polygon(1.15 * r, x, y, 6, 0),
  bar: (r, x, y) => `M${x - 1.3 * r} ${y - 0.5 * r}h${2.6 * r}v${r}h${-2.6 * r}Z`,
};

/** Calls `callback()` when the colours change; returns the function that ends it. */
export function onChange(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : SCHEME.matches;
}

/** "light" or "dark" against the setting of the system, or null to follow it. */
export function choose(name) {
  if (name === null) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  changed();
}

function changed() {
  cache.clear();
  for (const callback of listeners) callback();
}

SCHEME.addEventListener("change", changed);
