// The icons of the buttons, 20 by 20, drawn in the colour of the text.

import { s } from "../dom.js";

const FILLED = {
  play: "M6 3.6v12.8L16.5 10Z",
  pause: "M5 4h3.6v12H5ZM11.4 4H15v12h-3.6Z",
  update: "M4 4h2.4v12H4ZM8.6 4v12L17 10Z",
  back: "M16 4h-2.4v12H16ZM11.4 4v12L3 10Z",
  epoch: "M3 4v12l6.5-6ZM9.5 4v12L16 10ZM15.6 4H18v12h-2.4Z",
};

const LINES = {
  reset: ["M4.2 10a5.8 5.8 0 1 0 1.9-4.3", "M4.2 3.2v3.6h3.6"],
  seed: ["M4 4h12v12H4Z", "M7.3 7.3h.01M12.7 7.3h.01M10 10h.01M7.3 12.7h.01M12.7 12.7h.01"],
  branch: ["M6 3.5v13", "M6 12c0-4 8-2.5 8-7.5", "M11.5 6.5 14 4l2.5 2.5"],
  soundOff: ["M4 8v4h2.6L10 15V5L6.6 8Z", "M13 8l4 4M17 8l-4 4"],
  soundOn: ["M4 8v4h2.6L10 15V5L6.6 8Z", "M12.7 7.6a3.4 3.4 0 0 1 0 4.8M14.9 5.4a6.5 6.5 0 0 1 0 9.2"],
  dark: ["M15.8 12.2A6.5 6.5 0 0 1 7.8 4.2a6.5 6.5 0 1 0 8 8Z"],
  light: ["M10 6.7a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6Z", "M10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M4.7 15.3l1.1-1.1M14.2 5.8l1.1-1.1"],
  help: ["M7.6 7.6a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2 1-1.2 1.9", "M10 14.3h.01", "M10 2.6a7.4 7.4 0 1 0 0 14.8 7.4 7.4 0 0 0 0-14.8Z"],
  close: ["M5 5l10 10M15 5L5 15"],
  plus: ["M10 4v12M4 10h12"],
  minus: ["M4 10h12"],
  enlarge: ["M5 12.5 10 7.5l5 5"],
  reduce: ["M5 7.5l5 5 5-5"],
  table: ["M3.5 4.5h13v11h-13Z", "M3.5 8.2h13M3.5 11.8h13M8 4.5v11"],
};

export function icon(name) {
  const isFilled = name in FILLED;
  const look = isFilled
    ? { fill: "currentColor" }
    : { fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" };
  const paths = (isFilled ? [FILLED[name]] : LINES[name]).map((d) => s("path", { d }));
  return s("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true", focusable: "false", ...look }, paths);
}
