/** Numbers of one pass in the units of the network: activation, sum and error term, step by step. */

import { number } from "../format.js";
import { label } from "./axes.js";
import { svg } from "./drawing.js";

const LINE = 12;
const WIDTH = 66;

/** The pattern of stale values, for the `defs` of the drawing. */
export function stalePattern() {
  const pattern = svg("pattern", { id: "stale-hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(svg("rect", { width: 5, height: 5, class: "stale-ground" }), svg("rect", { width: 1.6, height: 5, class: "stale-stripe" }));
  return svg("defs", {}, pattern);
}

/** The values that a unit can have: the name in a trace, its symbol, and the first layer that has it. */
const VALUES = [
  ["Z", "z", 2],
  ["A", "a", 1],
  ["delta", "δ", 2],
];

/** Lines of text for one unit, `[text, isStale]`; a layer that is not computed yet has null. */
function lines(trace, node) {
  return VALUES.flatMap(([name, symbol, first]) => {
    const place = node.layer - first;
    const value = trace[name]?.[place]?.[node.unit];
    if (value === undefined || value === null) return [];
    return [[`${symbol} ${number(value)}`, Boolean(trace.stale?.[name]?.[place])]];
  });
}

/** Draw the values of a trace over the nodes; null takes them away. */
export function drawTrace(group, nodes, trace) {
  group.replaceChildren();
  if (!trace) return;
  for (const node of nodes) {
    // Where the units stand close together, the values that were computed last are shown.
    const room = Math.max(1, Math.floor((node.pitch - 4) / LINE));
    const texts = lines(trace, node).slice(-room);
    if (!texts.length) continue;
    const height = texts.length * LINE + 4;
    const top = node.y - height / 2;
    const left = node.x - WIDTH / 2;
    group.append(svg("rect", { x: left, y: top, width: WIDTH, height, rx: 4, class: "trace-plate" }));
    texts.forEach(([text, isStale], k) => {
      const y = top + 2 + k * LINE;
      if (isStale) group.append(svg("rect", { x: left + 1, y, width: WIDTH - 2, height: LINE, fill: "url(#stale-hatch)" }));
      const look = isStale ? "trace-text stale" : "trace-text";
      group.append(label(text, node.x, y + LINE / 2, { "text-anchor": "middle", "dominant-baseline": "central", class: look }));
    });
  }
}
