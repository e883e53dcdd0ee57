/** Where the units of the network stand, and which of them are drawn where a layer is wide. */

const MOST_UNITS = { hidden: 8, inputs: 8, outputs: 10 };
const HEAD = 78; // height of the controls above the drawing
const FOOT = 24; // height of the legend below it
const LEAST_ROW = 27;
const LETTER = 6.3;

/** Offsets of the matrices in the flat array `thetas`: Theta_l[i, j] is at `offsets[l - 1] + i * (s_l + 1) + j`. */
export function thetaOffsets(sizes) {
  const offsets = [0];
  for (let l = 1; l < sizes.length; l++) offsets.push(offsets[l - 1] + sizes[l] * (sizes[l - 1] + 1));
  return offsets;
}

/** For each unit of layer l (from 1), the root of the sum of the squares of its weights, in and out. */
function unitNorms(thetas, sizes, l) {
  const offsets = thetaOffsets(sizes);
  const norms = new Float64Array(sizes[l - 1]);
  if (l > 1)
    for (let i = 0; i < sizes[l - 1]; i++)
      for (let j = 1; j <= sizes[l - 2]; j++) norms[i] += thetas[offsets[l - 2] + i * (sizes[l - 2] + 1) + j] ** 2;
  if (l < sizes.length)
    for (let i = 0; i < sizes[l]; i++)
      for (let j = 1; j <= sizes[l - 1]; j++) norms[j - 1] += thetas[offsets[l - 1] + i * (sizes[l - 1] + 1) + j] ** 2;
  return norms.map(Math.sqrt);
}

/** The numbers of the units that are drawn, for each layer: those with the largest weights where not all fit. */
export function drawnUnits(sizes, thetas, height) {
  const room = Math.max(2, Math.floor((height - HEAD - FOOT - 14) / LEAST_ROW));
  return sizes.map((size, k) => {
    const kind = k === 0 ? "inputs" : k === sizes.length - 1 ? "outputs" : "hidden";
    const most = Math.min(MOST_UNITS[kind], room);
    const all = Array.from({ length: size }, (_, unit) => unit);
    if (size <= most) return all;
    if (!thetas) return all.slice(0, most);
    const norms = unitNorms(thetas, sizes, k + 1);
    return all.sort((one, other) => norms[other] - norms[one]).slice(0, most).sort((one, other) => one - other);
  });
}

/**
 * Positions in pixels: `{columns: [{x, units: [{unit, y}], size, hidden}], heads: {top, width}}`.
 *
 * `size` is the side of a unit's square; `hidden` counts the units that are not drawn.
 */
export function layout(sizes, drawn, names, width, height) {
  const letters = (list) => Math.min(14, Math.max(3, ...list.map((name) => name.length)));
  const most = Math.max(...drawn.map((units) => units.length));
  const rowHeight = (height - HEAD - FOOT) / Math.max(most, 1);
  const narrow = width < 480;
  const left = Math.min(letters(names.inputs) * LETTER, width * 0.18) + 14;
  const right = Math.min(letters(names.outputs) * LETTER, width * 0.18) + 14;
  const spacing = (width - left - right) / sizes.length;
  const side = Math.max(18, Math.min(66, spacing * 0.36, rowHeight * 0.78));
  const first = left + Math.max(side / 2, narrow ? side / 2 : spacing * 0.22);
  const last = width - right - Math.max(side / 2, narrow ? side / 2 : spacing * 0.22);
  const step = sizes.length > 1 ? (last - first) / (sizes.length - 1) : 0;
  const middle = HEAD + (height - HEAD - FOOT) / 2;
  const columns = sizes.map((size, k) => {
    const units = drawn[k];
    const missing = size - units.length;
    const pitch = Math.min((height - HEAD - FOOT - (missing ? 14 : 0)) / units.length, side * 1.9);
    const top = middle - (missing ? 7 : 0) - ((units.length - 1) * pitch) / 2;
    return { x: first + k * step, units: units.map((unit, i) => ({ unit, y: top + i * pitch })), side: k === 0 ? Math.min(side, 24) : side, pitch, missing };
  });
  return { columns, step, left, right, letters: { inputs: Math.floor((left - 10) / LETTER), outputs: Math.floor((right - 10) / LETTER) } };
}

/** A curve from the right side of one unit to the left side of another. */
export function linkPath(x1, y1, x2, y2) {
  const bend = (x2 - x1) * 0.42;
  const r = (value) => value.toFixed(1);
  return `M${r(x1)} ${r(y1)}C${r(x1 + bend)} ${r(y1)} ${r(x2 - bend)} ${r(y2)} ${r(x2)} ${r(y2)}`;
}
