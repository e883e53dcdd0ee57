/** Pictures as files: a standalone SVG with its styles inside, and a PNG drawn from it. */

import { color } from "../theme.js";
import { svg } from "./drawing.js";

const PROPERTIES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline",
]; // prettier-ignore
const DROPPED = /^(class|tabindex|role|style|data-.*|aria-.*)$/;
const MARGIN = 12;
const TITLE = 26;

/**
 * A standalone SVG of everything drawn in `body`: canvases as embedded images, SVG with the styles of the page.
 *
 * `replacements` maps a canvas to SVG elements that are to stand for it, so that points stay vectors.
 */
export function standalone(body, title, replacements = new Map()) {
  const frame = body.getBoundingClientRect();
  const width = Math.ceil(frame.width) + 2 * MARGIN;
  const height = Math.ceil(frame.height) + 2 * MARGIN + TITLE;
  const family = getComputedStyle(body).fontFamily;
  const root = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` });
  root.append(svg("rect", { x: 0, y: 0, width, height, fill: color("panel") }));
  const heading = svg("text", { x: MARGIN, y: MARGIN + 12, fill: color("ink"), "font-family": family, "font-size": "14px", "font-weight": "600" });
  heading.textContent = title;
  root.append(heading);
  for (const source of body.querySelectorAll("canvas, svg")) {
    if (source.parentElement.closest("svg") || source.closest(".no-export") || isHidden(getComputedStyle(source))) continue;
    const place = source.getBoundingClientRect();
    const x = place.left - frame.left + MARGIN;
    const y = place.top - frame.top + MARGIN + TITLE;
    const group = svg("g", { transform: `translate(${x} ${y})` });
    if (replacements.has(source)) group.append(...replacements.get(source));
    else if (source.tagName === "CANVAS") group.append(embedded(source, place.width, place.height));
    else group.append(...[...source.childNodes].map(inlined).filter(Boolean));
    root.append(group);
  }
  return root;
}

const isHidden = (style) => style.display === "none" || style.visibility === "hidden";

function embedded(canvas, width, height) {
  const image = svg("image", { width, height, preserveAspectRatio: "none", href: canvas.toDataURL("image/png") });
  image.source = canvas; // the PNG is drawn from the canvas itself: an image would have to be loaded
  return image;
}

/** A copy of an element in which the styles of the page are attributes; null for what is not part of the picture. */
function inlined(source) {
  if (source.nodeType === Node.TEXT_NODE) return source.cloneNode();
  if (source.nodeType !== Node.ELEMENT_NODE || source.classList.contains("no-export")) return null;
  const style = getComputedStyle(source);
  if (isHidden(style) && !source.closest("defs, .export-only")) return null;
  const copy = source.cloneNode(false);
  for (const { name } of [...copy.attributes]) if (DROPPED.test(name)) copy.removeAttribute(name);
  for (const property of PROPERTIES) {
    const value = style.getPropertyValue(property);
    if (value) copy.setAttribute(property, value.includes("url(") ? source.getAttribute(property) ?? "none" : value);
  }
  for (const child of source.childNodes) {
    const inner = inlined(child);
    if (inner) copy.append(inner);
  }
  return copy;
}

/** The text of an SVG file. */
export const svgText = (root) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(root)}\n`;

/** A PNG of a standalone SVG, as a blob, at `factor` times its size. */
export function pngBlob(root, factor = 2) {
  const canvas = document.createElement("canvas");
  canvas.width = root.getAttribute("width") * factor;
  canvas.height = root.getAttribute("height") * factor;
  const context = canvas.getContext("2d");
  context.scale(factor, factor);
  for (const child of root.children) paint(context, child);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/**
 * Draw an exported element on a canvas.
 *
 * The page loads no images, by its content security policy, so the SVG is drawn by its shapes; only those that the
 * pictures use are known here.
 */
function paint(context, element) {
  const value = (name) => Number.parseFloat(element.getAttribute(name) ?? 0) || 0;
  if (element.tagName === "defs" || element.tagName === "title") return;
  context.save();
  context.globalAlpha *= element.hasAttribute("opacity") ? value("opacity") : 1;
  applyTransform(context, element.getAttribute("transform"));
  if (element.tagName === "image") context.drawImage(element.source, value("x"), value("y"), value("width"), value("height"));
  else if (element.tagName === "text") paintText(context, element, value);
  else if (element.tagName === "g") for (const child of element.children) paint(context, child);
  else paintPath(context, element, outline(element, value), value);
  context.restore();
}

function applyTransform(context, text) {
  for (const [, name, list] of (text ?? "").matchAll(/(\w+)\(([^)]*)\)/g)) {
    const [a, b = 0] = list.split(/[ ,]+/).map(Number);
    if (name === "translate") context.translate(a, b);
    else if (name === "rotate") context.rotate((a * Math.PI) / 180);
  }
}

function outline(element, value) {
  const path = new Path2D(element.getAttribute("d") ?? "");
  if (element.tagName === "rect") path.roundRect(value("x"), value("y"), value("width"), value("height"), value("rx"));
  else if (element.tagName === "circle") path.arc(value("cx"), value("cy"), value("r"), 0, 2 * Math.PI);
  else if (element.tagName === "line") {
    path.moveTo(value("x1"), value("y1"));
    path.lineTo(value("x2"), value("y2"));
  }
  return path;
}

function paintPath(context, element, path, value) {
  const alpha = context.globalAlpha;
  const fill = element.getAttribute("fill");
  if (fill !== "none") {
    context.fillStyle = fill?.startsWith("url(") ? color("stale", 0.35) : fill ?? "black";
    context.globalAlpha = alpha * (element.hasAttribute("fill-opacity") ? value("fill-opacity") : 1);
    context.fill(path);
  }
  const stroke = element.getAttribute("stroke");
  if (!stroke || stroke === "none") return;
  const dashes = (element.getAttribute("stroke-dasharray") ?? "none").split(/[ ,]+/).map(Number.parseFloat);
  context.setLineDash(dashes.some(Number.isNaN) ? [] : dashes);
  context.lineWidth = value("stroke-width");
  context.lineJoin = element.getAttribute("stroke-linejoin") ?? "miter";
  context.strokeStyle = stroke;
  context.globalAlpha = alpha * (element.hasAttribute("stroke-opacity") ? value("stroke-opacity") : 1);
  context.stroke(path);
}

function paintText(context, element, value) {
  const attribute = (name) => element.getAttribute(name) ?? "";
  context.font = `${attribute("font-style")} ${attribute("font-weight")} ${attribute("font-size")} ${attribute("font-family")}`;
  context.fillStyle = attribute("fill");
  context.textAlign = { middle: "center", end: "end" }[attribute("text-anchor")] ?? "start";
  context.textBaseline = { central: "middle", middle: "middle", hanging: "top" }[attribute("dominant-baseline")] ?? "alphabetic";
  context.fillText(element.textContent, value("x"), value("y"));
}

/** Offer a blob or a text as a download. */
export function download(content, name, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
