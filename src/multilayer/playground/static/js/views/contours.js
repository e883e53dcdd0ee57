/** Lines where a field on a grid is zero, by marching squares. */

/**
 * Segments `[x1, y1, x2, y2, ...]` of the zero line in grid coordinates (0 to columns - 1, 0 to rows - 1).
 *
 * Each cell between four grid values has at most two segments; their ends are interpolated on the edges. In a saddle the
 * mean of the corners says which corners are connected.
 */
export function zeroLine(field, rows, columns, visible = null) {
  const segments = [];
  for (let i = 0; i < rows - 1; i++)
    for (let j = 0; j < columns - 1; j++) {
      const k = i * columns + j;
      const a = field[k];
      const b = field[k + 1];
      const c = field[k + columns + 1];
      const d = field[k + columns];
      const code = (a > 0 ? 1 : 0) | (b > 0 ? 2 : 0) | (c > 0 ? 4 : 0) | (d > 0 ? 8 : 0);
      if (code === 0 || code === 15 || (visible && !visible(k))) continue;
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
