/**
 * The small part of Markdown that lessons use, as DOM nodes: paragraphs, headings, lists, code, tables, **bold**,
 * *emphasis*, `code` and links to http and https addresses. Everything else is shown as it is written.
 */

import { element, scroller } from "./nodes.js";

/** Return a fragment with the blocks of a text; headings start at the level given. */
export function markdown(text, headingLevel = 4) {
  const fragment = document.createDocumentFragment();
  for (const block of blocks(text)) fragment.append(drawBlock(block, headingLevel));
  return fragment;
}

/** Split a text into blocks: lists of lines, where fenced code is one block whatever it contains. */
function blocks(text) {
  const found = [];
  let current = [];
  let isCode = false;
  const close = () => {
    if (current.length > 0) found.push(current);
    current = [];
  };
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    if (line.trimStart().startsWith("```")) {
      if (isCode) {
        found.push(["```", ...current.slice(1)]);
        current = [];
      } else {
        close();
        current = ["```"];
      }
      isCode = !isCode;
    } else if (isCode) current.push(line);
    else if (line.trim() === "") close();
    else if (/^#{1,4} /.test(line)) {
      close();
      found.push([line]);
    } else if (startsList(line) && current.length > 0 && !startsList(current[0])) {
      close();
      current.push(line);
    } else current.push(line);
  }
  close();
  return found;
}

const startsList = (line) => /^\s*([-*]|\d+\.) /.test(line);

function drawBlock(lines, headingLevel) {
  const [first] = lines;
  if (first === "```") return scroller(null, element("pre", {}, element("code", { text: lines.slice(1).join("\n") })));
  const heading = /^(#{1,4}) (.*)$/.exec(first);
  if (heading) {
    return element(`h${Math.min(6, headingLevel + heading[1].length - 1)}`, {}, inline(heading[2]));
  }
  if (startsList(first)) return drawList(lines);
  if (first.startsWith("|") && lines.length > 2) return drawTable(lines);
  return element("p", {}, inline(lines.map((line) => line.trim()).join(" ")));
}

function drawList(lines) {
  const items = [];
  for (const line of lines) {
    const item = /^\s*(?:[-*]|\d+\.) (.*)$/.exec(line);
    if (item) items.push(item[1]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  const tag = /^\s*\d/.test(lines[0]) ? "ol" : "ul";
  return element(tag, {}, ...items.map((item) => element("li", {}, inline(item))));
}

function drawTable(lines) {
  const [head, , ...body] = lines.map((line) => line.replace(/^\||\|\s*$/g, "").split("|"));
  const cells = (row, tag, scope) => row.map((cell) => element(tag, { scope }, inline(cell.trim())));
  const made = element(
    "table",
    { class: "panel-table" },
    element("thead", {}, element("tr", {}, ...cells(head, "th", "col"))),
    element("tbody", {}, ...body.map((row) => element("tr", {}, ...cells(row, "td", null)))),
  );
  return scroller(null, made);
}

const MARKS = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;

/** Return a fragment with the marks inside a line drawn. */
export function inline(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    fragment.append(text.slice(end, match.index), drawMark(match));
    end = match.index + match[0].length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

function drawMark([, code, strong, emphasis, label, address]) {
  if (code) return element("code", { text: code });
  if (strong) return element("strong", {}, inline(strong));
  if (emphasis) return element("em", {}, inline(emphasis));
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer", text: label });
}
