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

const SYMBOLS = { X: "x", Z: "z", A: "a", delta: "δ" };

/** Lines of text for one unit, `[text, isStale]`, from the steps of its layer that have numbers. */
function lines(steps, node) {
  const own = steps.filter(({ kind, layer }) => layer === node.layer && kind in SYMBOLS);
  return own.flatMap(({ kind, values, state }) => {
    const value = values?.[node.unit];
    return value === undefined || value === null ? [] : [[`${SYMBOLS[kind]} ${number(value)}`, state === "stale", state === "current"]];
  });
}

/** Draw the values of a trace over the nodes; null takes them away. */
export function drawTrace(group, nodes, trace) {
  group.replaceChildren();
  if (!trace) return;
  for (const node of nodes) {
    const texts = lines(trace.steps, node);
    if (!texts.length) continue;
    const height = texts.length * LINE + 4;
    const top = node.y - height / 2;
    const left = node.x - WIDTH / 2;
    const isCurrent = texts.some((text) => text[2]);
    group.append(svg("rect", { x: left, y: top, width: WIDTH, height, rx: 4, class: isCurrent ? "trace-plate current" : "trace-plate" }));
    texts.forEach(([text, isStale, isNow], k) => {
      const y = top + 2 + k * LINE;
      if (isStale) group.append(svg("rect", { x: left + 1, y, width: WIDTH - 2, height: LINE, fill: "url(#stale-hatch)" }));
      const look = isStale ? "trace-text stale" : isNow ? "trace-text current" : "trace-text";
      group.append(label(text, node.x, y + LINE / 2, { "text-anchor": "middle", "dominant-baseline": "central", class: look }));
    });
  }
}
