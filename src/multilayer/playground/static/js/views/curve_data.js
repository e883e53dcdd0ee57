/** The numbers behind the curves: which lines there are, and how a long one is made short without losing its peaks. */

/** The line of the curves that a quantity has: costs, or scores of the validation rows. */
export const KEYS = { cost: ["costs", "validation_costs"], score: ["validation_scores"] };

/**
 * Points `[x, y, x, y, ...]` of a curve in pixels, with the smallest and the largest value of each pixel column.
 *
 * Value k belongs to epoch `from + k + 1`. Values that do not exist, or that the scale cannot show, interrupt the line.
 */
export function decimated(values, from, x, y, isShown) {
  const lines = [];
  let line = [];
  let column = null;
  const flush = () => {
    if (!column) return;
    const [first, last] = column.lowAt < column.highAt ? [column.low, column.high] : [column.high, column.low];
    line.push(column.x, first);
    if (last !== first) line.push(column.x, last);
    column = null;
  };
  for (let k = 0; k < values.length; k++) {
    const value = values[k];
    if (!isShown(value)) {
      flush();
      if (line.length) lines.push(line);
      line = [];
      continue;
    }
    const px = x(from + k + 1);
    const py = y(value);
    if (column && Math.floor(px) === Math.floor(column.x)) {
      if (py < column.low) [column.low, column.lowAt] = [py, k];
      if (py > column.high) [column.high, column.highAt] = [py, k];
      column.x = px;
    } else {
      flush();
      column = { x: px, low: py, high: py, lowAt: k, highAt: k };
    }
  }
  flush();
  if (line.length) lines.push(line);
  return lines;
}

/** Lines of points as the text of an SVG path. */
export function linePath(lines) {
  let text = "";
  for (const line of lines) {
    text += `M${line[0].toFixed(1)} ${line[1].toFixed(1)}`;
    if (line.length === 2) text += "h0.01"; // one point is drawn as a dot by its round cap
    for (let k = 2; k < line.length; k += 2) text += `L${line[k].toFixed(1)} ${line[k + 1].toFixed(1)}`;
  }
  return text;
}

/** The smallest and largest of the values that can be shown. */
export function range(lists, isShown) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists)
    for (const value of list) {
      if (!isShown(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  return low <= high ? [low, high] : null;
}

/** For each epoch of several runs, the smallest, the median and the largest value. */
export function band(runs) {
  const length = Math.max(0, ...runs.map((run) => run.length));
  const rows = [];
  for (let k = 0; k < length; k++) {
    const values = runs.map((run) => run[k]).filter((value) => Number.isFinite(value)).sort((one, other) => one - other);
    const middle = (values.length - 1) / 2;
    rows.push(values.length ? [values[0], (values[Math.floor(middle)] + values[Math.ceil(middle)]) / 2, values.at(-1)] : [null, null, null]);
  }
  return rows;
}

/** The segments of a run with their updates for each epoch, which change with the batch size. */
function paces(segments, frame) {
  const list = segments?.length ? segments : [{ epoch: 0, update: 0 }];
  return list.map(({ epoch, update }, k) => {
    const next = list[k + 1];
    const each = next && next.epoch > epoch ? (next.update - update) / (next.epoch - epoch) : frame.updates_per_epoch ?? 1;
    return { epoch, update, each };
  });
}

/** The update at the end of an epoch. */
export function updateAt(epoch, segments, frame) {
  const { epoch: start, update, each } = paces(segments, frame).findLast((pace) => pace.epoch <= epoch);
  return Math.round(update + (epoch - start) * each);
}

/** The number of epochs, with a fraction, after an update. */
export function epochAt(update, segments, frame) {
  const { epoch, update: start, each } = paces(segments, frame).findLast((pace) => pace.update <= update);
  return epoch + (update - start) / each;
}
