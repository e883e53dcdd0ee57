/** Lines where a field on a grid is zero, by marching squares. */

const NEITHER = 2; // the side of a value that is not finite

/**
 * Segments `[x1, y1, x2, y2, ...]` of the zero line in grid coordinates (0 to columns - 1, 0 to rows - 1).
 *
 * Each cell between four grid values has at most two segments; their ends are interpolated on the edges. In a saddle the
 * mean of the corners says which corners are connected. There are no lines around cells that are not finite, and none
 * around a single cell, whose neighbours are all on the other side of zero.
 */
export function zeroLine(field, rows, columns) {
  const segments = [];
  const sides = sidesOfZero(field, rows, columns);
  for (let i = 0; i < rows - 1; i++)
    for (let j = 0; j < columns - 1; j++) {
      const k = i * columns + j;
      const [p, q, r, s] = [sides[k], sides[k + 1], sides[k + columns + 1], sides[k + columns]];
      if (p === NEITHER || q === NEITHER || r === NEITHER || s === NEITHER) continue;
      const code = p | (q << 1) | (r << 2) | (s << 3);
      if (code === 0 || code === 15) continue;
      const a = field[k];
      const b = field[k + 1];
      const c = field[k + columns + 1];
      const d = field[k + columns];
      const top = () => segments.push(j + a / (a - b), i);
      const right = () => segments.push(j + 1, i + b / (b - c));
      const bottom = () => segments.push(j + d / (d - c), i + 1);
      const left = () => segments.push(j, i + a / (a - d));
      const saddle = code === 5 || code === 10;
      if (saddle) {
        const together = a + b + c + d > 0 === (code === 5);
        if (together) (top(), right(), bottom(), left());
        else (top(), left(), bottom(), right());
        continue;
      }
      const crossed = [top, right, bottom, left].filter((_, side) => ((code >> side) & 1) !== ((code >> ((side + 1) % 4)) & 1));
      for (const cross of crossed) cross();
    }
  return segments;
}

/** For each value 1 above zero, 0 otherwise, and NEITHER where it is not finite; a single cell is taken to the side of its neighbours. */
function sidesOfZero(field, rows, columns) {
  const sides = Uint8Array.from(field, (value) => (Number.isFinite(value) ? Number(value > 0) : NEITHER));
  const alone = [];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const k = i * columns + j;
      if (sides[k] !== NEITHER && isAlone(sides, rows, columns, i, j)) alone.push(k);
    }
  for (const k of alone) sides[k] = 1 - sides[k];
  return sides;
}

/** Whether no neighbour, also across a corner, is on the same side, and one is on the other. */
function isAlone(sides, rows, columns, i, j) {
  const own = sides[i * columns + j];
  let others = 0;
  for (let y = Math.max(0, i - 1); y <= Math.min(rows - 1, i + 1); y++)
    for (let x = Math.max(0, j - 1); x <= Math.min(columns - 1, j + 1); x++) {
      if (y === i && x === j) continue;
      const side = sides[y * columns + x];
      if (side === own) return false;
      others += side === 1 - own;
    }
  return others > 0;
}

/** Segments as the text of an SVG path, after `x` and `y` place them. */
export function segmentsPath(segments, x, y) {
  let text = "";
  for (let k = 0; k < segments.length; k += 4)
    text += `M${x(segments[k]).toFixed(1)} ${y(segments[k + 1]).toFixed(1)}L${x(segments[k + 2]).toFixed(1)} ${y(segments[k + 3]).toFixed(1)}`;
  return text;
}

/** Lines between classes of `outputs` (K, R, R), or levels of an amount: a list of segments. */
export function decisionLines(outputs, task, levels = []) {
  const [classes, rows, columns] = outputs.shape;
  const size = rows * columns;
  const values = outputs.data;
  if (task === "regression") return levels.flatMap((level) => zeroLine(values.subarray(0, size).map((value) => value - level), rows, columns));
  if (classes === 1) return zeroLine(values.map((value) => value - 0.5), rows, columns);
  const segments = [];
  for (let k = 0; k < classes - 1; k++) segments.push(...zeroLine(margin(values, k, classes, size), rows, columns));
  return segments;
}

/** Probability of class k less the largest of the others. */
function margin(values, k, classes, size) {
  const field = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let largest = -Infinity;
    for (let j = 0; j < classes; j++) if (j !== k && values[j * size + i] > largest) largest = values[j * size + i];
    field[i] = values[k * size + i] - largest;
  }
  return field;
}
