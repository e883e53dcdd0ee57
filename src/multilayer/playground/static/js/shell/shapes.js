// Small drawings of the shapes of points, for the buttons; the real points come from the playground.

export const SHAPES = ["moons", "circles", "spirals", "xor", "blobs", "waves"];

function range(n, make) {
  return Array.from({ length: n }, (_, i) => make(i / (n - 1), i));
}

function grid(n, color) {
  return range(n, (u) => range(n, (v) => [1.8 * u - 0.9, 1.8 * v - 0.9]))
    .flat()
    .map(([x, y]) => [x, y, color(x, y)]);
}

const MAKERS = {
  moons: () => [
    ...range(9, (u) => [0.72 * Math.cos(Math.PI * u) - 0.36, 0.85 * Math.sin(Math.PI * u) - 0.25, "class-0"]),
    ...range(9, (u) => [0.36 - 0.72 * Math.cos(Math.PI * u), 0.25 - 0.85 * Math.sin(Math.PI * u), "class-1"]),
  ],
  circles: () => [
    ...range(15, (u) => [Math.cos(6.28 * u), Math.sin(6.28 * u), "class-0"]),
    ...range(8, (u) => [0.45 * Math.cos(6.28 * u), 0.45 * Math.sin(6.28 * u), "class-1"]),
  ],
  spirals: () => [0, 1].flatMap((k) => range(12, (u) => {
    const r = 0.12 + 0.95 * u;
    const angle = 2 * Math.PI * 0.95 * u + Math.PI * k;
    return [r * Math.cos(angle), r * Math.sin(angle), `class-${k}`];
  })),
  xor: () => grid(6, (x, y) => (x * y > 0 ? "class-0" : "class-1")),
  blobs: () => [[0, 0.62], [-0.66, -0.5], [0.66, -0.5]].flatMap(([x, y], k) => [[0, 0], ...range(6, (u) => [0.33 * Math.cos(5.24 * u), 0.33 * Math.sin(5.24 * u)])].map(([dx, dy]) => [x + dx, y + dy, `class-${k}`])),
  waves: () => grid(6, (x, y) => {
    const height = Math.sin(2.6 * x) * Math.cos(2.6 * y);
    return height > 0.35 ? "amount-high" : height < -0.35 ? "amount-low" : "line";
  }),
};

/** Points [x, y, name of a colour] in the square from -1 to 1. */
export function thumbnail(name) {
  return MAKERS[name]();
}
