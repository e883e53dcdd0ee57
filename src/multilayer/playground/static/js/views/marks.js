/** Marks of points: one shape for each class, filled for training rows and outlined for validation rows. */

const corners = (n, turn) => Array.from({ length: n }, (_, k) => [Math.sin((2 * Math.PI * k) / n + turn), -Math.cos((2 * Math.PI * k) / n + turn)]);

const star = Array.from({ length: 10 }, (_, k) => {
  const radius = k % 2 ? 0.5 : 1.25;
  return [radius * Math.sin((Math.PI * k) / 5), -radius * Math.cos((Math.PI * k) / 5)];
});
const plus = [
  [-0.35, -1.1], [0.35, -1.1], [0.35, -0.35], [1.1, -0.35], [1.1, 0.35], [0.35, 0.35],
  [0.35, 1.1], [-0.35, 1.1], [-0.35, 0.35], [-1.1, 0.35], [-1.1, -0.35], [-0.35, -0.35],
]; // prettier-ignore
const turned = plus.map(([x, y]) => [(x + y) * Math.SQRT1_2, (y - x) * Math.SQRT1_2]);

const SHAPES = [
  null, // a circle
  corners(3, 0).map(([x, y]) => [1.2 * x, 1.2 * y + 0.2]),
  corners(4, Math.PI / 4).map(([x, y]) => [1.2 * x, 1.2 * y]),
  corners(4, 0).map(([x, y]) => [1.25 * x, 1.25 * y]),
  corners(3, Math.PI).map(([x, y]) => [1.2 * x, 1.2 * y - 0.2]),
  plus,
  star,
  turned,
  corners(5, 0).map(([x, y]) => [1.15 * x, 1.15 * y]),
  corners(6, 0).map(([x, y]) => [1.1 * x, 1.1 * y]),
];

/** Add the mark of a class at (x, y) to a canvas path. */
export function traceMark(path, kind, x, y, radius) {
  const shape = SHAPES[kind % SHAPES.length];
  if (!shape) {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  path.moveTo(x + radius * shape[0][0], y + radius * shape[0][1]);
  for (let k = 1; k < shape.length; k++) path.lineTo(x + radius * shape[k][0], y + radius * shape[k][1]);
  path.closePath();
}

/** The same mark as the text of an SVG path. */
export function markPath(kind, x, y, radius) {
  const shape = SHAPES[kind % SHAPES.length];
  const r = (value) => value.toFixed(2);
  if (!shape) return `M${r(x + radius)} ${r(y)}a${radius} ${radius} 0 1 1 ${-2 * radius} 0a${radius} ${radius} 0 1 1 ${2 * radius} 0z`;
  return `M${shape.map(([u, v]) => `${r(x + radius * u)} ${r(y + radius * v)}`).join("L")}Z`;
}
