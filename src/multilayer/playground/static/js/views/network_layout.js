/** Where the units of the network stand, and which of them are drawn where a layer is wide. */

const MOST_UNITS = { hidden: 8, inputs: 8, outputs: 10 };
const HEAD = 78; // height of the controls above the drawing
const FOOT = 24; // height of the legend below it
const FOOT_LINE = 18; // of a second line of the legend
const ONE_LINE = 700; // pixels that the legend needs in one line
const LEAST_ROW = 27;
const LETTER = 6.3;
const MORE = 22; // height of the button below a layer that is not drawn as a whole

/** Offsets of the matrices in the flat array `thetas`: Theta_l[i, j] is at `offsets[l - 1] + i * (s_l + 1) + j`. */
export function thetaOffsets(sizes) {
  const offsets = [0];
  for (let l = 1; l < sizes.length; l++) offsets.push(offsets[l - 1] + sizes[l] * (sizes[l - 1] + 1));
  return offsets;
}

/** For each unit of layer l (from 1), the root of the sum of the squares of its weights, in and out. */
export function unitNorms(thetas, sizes, l) {
  const offsets = thetaOffsets(sizes);
  const norms = new Float64Array(sizes[l - 1]);
  if (l > 1)
    for (let i = 0; i < sizes[l - 1]; i++)
      for (let j = 1; j <= sizes[l - 2]; j++) norms[i] += thetas[offsets[l - 2] + i * (sizes[l - 2] + 1) + j] ** 2;
  if (l < sizes.length)
    for (let i = 0; i < sizes[l]; i++)
      for (let j = 1; j <= sizes[l - 1]; j++) norms[j - 1] += thetas[offsets[l - 1] + i * (sizes[l - 1] + 1) + j] ** 2;
  return norms.map((sum) => (Number.isNaN(sum) ? Infinity : Math.sqrt(sum)));
}

/** The height of the legend below the drawing: one line where it is wide, else two. */
export const footHeight = (width) => (width < ONE_LINE ? FOOT + FOOT_LINE : FOOT);

/** For each of two columns, the inputs that it became: an input belongs to the column with the longest name that begins it. */
export function inputsOfColumns(names, inputs, columns) {
  const owners = inputs.map((input) => columns.filter((column) => input.startsWith(column)).reduce((one, other) => (other.length > one.length ? other : one), ""));
  return names.map((name) => inputs.flatMap((_, j) => (name && owners[j] === name ? [j] : [])));
}

/** Numbers of several lists in turn, without repetition. */
function inTurn(lists) {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return [...new Set(Array.from({ length: longest }, (_, k) => lists.flatMap((list) => list.slice(k, k + 1))).flat())];
}

/**
 * The numbers of the units that are drawn, for each layer: those with the largest weights where not all fit.
 *
 * Of the inputs, those of the columns of the plane are first: `columns` has a list of their numbers for each column.
 */
export function drawnUnits(sizes, thetas, width, height, columns = []) {
  const space = height - HEAD - footHeight(width);
  const room = (size) => Math.max(2, Math.floor((size * LEAST_ROW <= space ? space : space - MORE) / LEAST_ROW));
  return sizes.map((size, k) => {
    const kind = k === 0 ? "inputs" : k === sizes.length - 1 ? "outputs" : "hidden";
    const most = Math.min(MOST_UNITS[kind], room(size));
    const all = Array.from({ length: size }, (_, unit) => unit);
    if (size <= most) return all;
    const norms = thetas ? unitNorms(thetas, sizes, k + 1) : null;
    const ordered = (list) => (norms ? [...list].sort((one, other) => norms[other] - norms[one]) : list);
    const first = k === 0 ? inTurn(columns.map(ordered)) : [];
    return inTurn([[...first, ...ordered(all)]]).slice(0, most).sort((one, other) => one - other);
  });
}

/**
 * Positions in pixels: `{columns: [{x, units: [{unit, y}], side, pitch, missing}], step, left, right, letters}`.
 *
 * `side` is that of a unit's square; `missing` counts the units that are not drawn.
 */
export function layout(sizes, drawn, names, width, height) {
  const letters = (list) => Math.min(14, Math.max(3, ...list.map((name) => name.length)));
  const foot = footHeight(width);
  const most = Math.max(...drawn.map((units) => units.length));
  const rowHeight = (height - HEAD - foot) / Math.max(most, 1);
  const narrow = width < 480;
  const left = Math.min(letters(names.inputs) * LETTER, width * 0.18) + 14;
  const right = Math.min(letters(names.outputs) * LETTER, width * 0.18) + 14;
  const spacing = (width - left - right) / sizes.length;
  const side = Math.max(18, Math.min(66, spacing * 0.36, rowHeight * 0.78));
  const first = left + Math.max(side / 2, narrow ? side / 2 : spacing * 0.22);
  const last = width - right - Math.max(side / 2, narrow ? side / 2 : spacing * 0.22);
  const step = sizes.length > 1 ? (last - first) / (sizes.length - 1) : 0;
  const middle = HEAD + (height - HEAD - foot) / 2;
  const columns = sizes.map((size, k) => {
    const units = drawn[k];
    const missing = size - units.length;
    const pitch = Math.min((height - HEAD - foot - (missing ? MORE : 0)) / units.length, side * 1.9);
    const top = middle - (missing ? MORE / 2 : 0) - ((units.length - 1) * pitch) / 2;
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
