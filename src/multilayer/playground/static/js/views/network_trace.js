/** Numbers of one pass in the units of the network: activation, sum and error term, step by step. */

import { number } from "../format.js";
import { label } from "./axes.js";
import { svg } from "./drawing.js";

const LINE = 12;
const WIDTH = 66;

/** Whether a value is stale: `stale[name]` is true, or a list for the layers, each true or a list for the units. */
function isStale(stale, name, layer, unit) {
  const all = stale?.[name];
  const one = Array.isArray(all) ? all[layer] : all;
  return Boolean(Array.isArray(one) ? one[unit] : one);
}

/** The pattern of stale values, for the `defs` of the drawing. */
export function stalePattern() {
  const pattern = svg("pattern", { id: "stale-hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(svg("rect", { width: 5, height: 5, class: "stale-ground" }), svg("rect", { width: 1.6, height: 5, class: "stale-stripe" }));
  return svg("defs", {}, pattern);
}

/** Lines of text for one unit: `[text, isStale]`; layer counts from 1, and Z and delta begin at layer 2. */
function lines(values, node) {
  const found = [];
  const add = (name, symbol, index) => {
    const value = values[name]?.[index]?.[node.unit];
    if (value !== undefined && value !== null) found.push([`${symbol} ${number(value)}`, isStale(values.stale, name, index, node.unit)]);
  };
  if (node.layer > 1) add("Z", "z", node.layer - 2);
  add("A", node.layer > 1 ? "a" : "x", node.layer - 1);
  if (node.layer > 1) add("delta", "δ", node.layer - 2);
  return found;
}

/** Draw the values of a trace over the nodes; null takes them away. */
export function drawTrace(group, nodes, values) {
  group.replaceChildren();
  if (!values) return;
  for (const node of nodes) {
    const texts = lines(values, node);
    if (!texts.length) continue;
    const height = texts.length * LINE + 4;
    const top = node.y - height / 2;
    const left = node.x - WIDTH / 2;
    group.append(svg("rect", { x: left, y: top, width: WIDTH, height, rx: 4, class: "trace-plate" }));
    texts.forEach(([text, stale], k) => {
      const y = top + 2 + k * LINE;
      if (stale) group.append(svg("rect", { x: left + 1, y, width: WIDTH - 2, height: LINE, fill: "url(#stale-hatch)" }));
      group.append(label(text, node.x, y + LINE / 2, { "text-anchor": "middle", "dominant-baseline": "central", class: stale ? "trace-text stale" : "trace-text" }));
    });
  }
}
