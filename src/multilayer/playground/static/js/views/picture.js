/** The frame of every picture: its title, its text for screen readers, the table behind it, and its files. */

import { number } from "../format.js";
import { html, write } from "./drawing.js";
import { download, pngBlob, standalone, svgText } from "./export.js";

const TEXT_INTERVAL = 1000; // ms: a screen reader is not helped by a text that changes 20 times a second
const MOST_ROWS = 2000;

/**
 * A picture in an element of the page.
 *
 * `name` begins the names of files and the keys of strings: `views.NAME.title` and `views.NAME.hint`. `describe()` is the
 * alternative text, `table()` a list of `{caption, columns, rows}`, and `vectors()` the replacements of canvases in an
 * exported file. `role` is "img", or "group" where parts of the picture can be chosen. `heading` is the tag of the
 * title, or null where the page has one already; `header` is an element that takes the tools and the menu.
 * `showsEnd`: the picture says that training diverged.
 */
export class Picture {
  constructor(element, app, { name, role = "img", describe, table, vectors = () => new Map(), heading = null, header = null, showsEnd = true }) {
    Object.assign(this, { app, name, describe, table, vectors });
    this.title = app.t(`views.${name}.title`);
    this.tools = html("div", { class: "picture-tools" });
    this.body = html("div", { class: `picture-body picture-${name}`, role, "aria-label": this.title });
    this.note = html("p", { class: "picture-note" });
    this.alert = html("p", { class: "picture-alert", "data-hint": "views.picture.diverged.hint" });
    this.root = html("div", { class: "picture" }, this.body, this.alert, this.note);
    this.header = header ?? html("div", { class: heading ? "picture-header" : "picture-header in-panel" });
    this.heading = html(heading ?? "h2", { class: "picture-title", text: this.title, "data-hint": `views.${name}.hint` });
    if (heading) this.header.append(this.heading);
    this.header.append(this.tools, this.#menu());
    if (!header) this.root.prepend(this.header);
    element.append(this.root);
    this.described = 0;
    if (showsEnd) app.store.subscribe("frame", (frame) => write(this.alert, frame.reason === "diverged" ? app.t("views.picture.diverged") : ""));
  }

  /** Bring the alternative text up to date, once a second at most. */
  refreshText() {
    if (this.timer) return;
    const wait = Math.max(0, this.described + TEXT_INTERVAL - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.described = performance.now();
      this.body.setAttribute("aria-label", this.describe());
    }, wait);
  }

  /** Give the picture another title. */
  rename(title) {
    this.title = title;
    write(this.heading, title);
  }

  #menu() {
    const { t } = this.app;
    const item = (key, action) =>
      html("button", {
        type: "button",
        text: t(`views.picture.${key}`),
        "data-hint": `views.picture.${key}.hint`,
        onclick: () => {
          menu.open = false;
          // A dialog gives the focus back to what had it: the button is hidden now.
          menu.firstElementChild.focus();
          action();
        },
      });
    const label = t("views.picture.menu", { title: this.title });
    const menu = html(
      "details",
      { class: "picture-menu no-export" },
      html("summary", { "aria-label": label, "data-hint": label, text: "⋯" }),
      html("div", { class: "picture-items" }, item("table", () => this.showTable()), item("svg", () => this.saveSvg()), item("png", () => this.savePng())),
    );
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.firstElementChild.focus();
      event.stopPropagation();
    });
    menu.addEventListener("focusout", (event) => {
      if (!menu.contains(event.relatedTarget)) menu.open = false;
    });
    return menu;
  }

  /** The data behind the picture, as real tables in a dialog. */
  showTable(tables = this.table(), description = this.describe()) {
    const { t } = this.app;
    const close = html("button", { type: "button", text: t("views.picture.close"), onclick: () => dialog.close() });
    const save = html("button", { type: "button", text: t("views.picture.csv"), "data-hint": "views.picture.csv.hint", onclick: () => this.#saveCsv(tables) });
    const scroll = html("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": this.title }, ...tables.map((table) => this.#tableElement(table)));
    const dialog = html(
      "dialog",
      { class: "picture-dialog", "aria-label": this.title },
      html("h2", { text: this.title }),
      html("p", { class: "picture-description", text: description }),
      scroll,
      html("div", { class: "dialog-buttons" }, save, close),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    close.focus();
  }

  #tableElement({ caption, columns, rows }) {
    const cell = (tag, value, scope) => {
      const isNumber = typeof value === "number" || value === null;
      return html(tag, { scope, class: isNumber ? "number" : null, text: isNumber ? number(value, 5) : value });
    };
    const isNumeric = (k) => k > 0 && rows.some((row) => typeof row[k] === "number");
    const head = html("thead", {}, html("tr", {}, ...columns.map((column, k) => html("th", { scope: "col", class: isNumeric(k) ? "number" : null, text: String(column) }))));
    const body = html("tbody");
    for (const row of rows.slice(0, MOST_ROWS))
      body.append(html("tr", {}, ...row.map((value, k) => (k === 0 ? cell("th", value, "row") : cell("td", value)))));
    const more = rows.length > MOST_ROWS ? this.app.t("views.picture.more_rows", { shown: MOST_ROWS, all: rows.length }) : "";
    return html("table", { class: "picture-table" }, html("caption", { text: `${caption} ${more}`.trim() }), head, body);
  }

  #saveCsv(tables) {
    const quoted = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const text = tables.map(({ columns, rows }) => [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\n")).join("\n\n");
    download(`${text}\n`, this.#fileName("csv"), "text/csv");
  }

  saveSvg() {
    download(svgText(this.#standalone()), this.#fileName("svg"), "image/svg+xml");
  }

  async savePng() {
    download(await pngBlob(this.#standalone()), this.#fileName("png"));
  }

  #standalone() {
    return standalone(this.body, this.title, this.vectors());
  }

  #fileName(ending) {
    const update = this.app.store.frame?.update;
    return `multilayer-${this.name}${update === undefined ? "" : `-${update}`}.${ending}`;
  }
}

/** A small box of text beside the pointer or the focus, kept within `body`. */
export class Tip {
  constructor(body) {
    this.body = body;
    this.box = html("div", { class: "picture-tip no-export", "aria-hidden": "true" });
    this.box.hidden = true;
    body.append(this.box);
  }

  /** Show lines of text near (x, y) of the body. */
  show(lines, x, y) {
    this.box.replaceChildren(...lines.map((text) => html("div", { text })));
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const left = x + 14 + width > this.body.clientWidth ? x - 14 - width : x + 14;
    const top = y + 14 + height > this.body.clientHeight ? y - 10 - height : y + 14;
    this.box.style.left = `${Math.max(0, Math.min(left, this.body.clientWidth - width))}px`;
    this.box.style.top = `${Math.max(0, top)}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}
