// The dialog that opens one's own table: choose a file, see its columns, choose the target.

import { button, element, errorMessage, table } from "./nodes.js";
import { hasDecimalComma, makeTableOptions } from "./table_options.js";

/** The largest file that the server takes; a longer message would end the connection. A page without a server has no limit. */
async function mostBytes() {
  const answer = await fetch("limits.json").catch(() => null);
  return answer?.ok ? (await answer.json()).most_bytes : Infinity;
}

/** Make the dialog; `open()` shows it. */
export function makeTableDialog(app) {
  const dialog = new TableDialog(app);
  return { element: dialog.node, open: () => dialog.open() };
}

class TableDialog {
  constructor(app) {
    const { t } = app;
    this.app = app;
    this.file = null; // {name, bytes}
    this.input = element("input", {
      type: "file",
      accept: ".csv,.tsv,.txt,.parquet,.arrow,.feather",
      id: "table-file",
      // A file that was mended may be chosen again.
      on: { click: () => (this.input.value = ""), change: () => this.choose(this.input.files[0]) },
    });
    this.drop = element(
      "div",
      { class: "drop-place" },
      element("label", { for: "table-file", text: t("panels.table.choose") }),
      this.input,
      element("p", { class: "panel-note", text: t("panels.table.drop") }),
    );
    this.options = makeTableOptions(app, () => this.describe());
    this.asked = 0; // the number of the last description: older answers are dropped
    this.chosen = null; // the target, while the file is read again
    this.notes = []; // on how the file was read
    this.error = element("div");
    this.columns = element("div");
    this.node = element(
      "dialog",
      { class: "panel-dialog", "aria-labelledby": "table-dialog-title" },
      element("h2", { id: "table-dialog-title", text: t("panels.table.title") }),
      element("p", { text: t("panels.table.text") }),
      this.drop,
      this.options.element,
      this.error,
      this.columns,
      element(
        "div",
        { class: "panel-actions" },
        button(t("panels.table.close"), () => this.node.close()),
      ),
    );
    this.acceptDrops();
  }

  open() {
    this.file = null;
    this.input.value = "";
    this.options.reset();
    this.error.replaceChildren();
    this.columns.replaceChildren();
    this.node.showModal(); // the browser keeps the focus inside, and puts it back at the end
    this.input.focus();
  }

  acceptDrops() {
    const over = (event) => {
      event.preventDefault();
      this.drop.classList.add("is-over");
    };
    this.node.addEventListener("dragover", over);
    this.node.addEventListener("dragleave", () => this.drop.classList.remove("is-over"));
    this.node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.drop.classList.remove("is-over");
      this.choose(event.dataTransfer.files[0]);
    });
  }

  /** Take a file, unless it is too large, and show its columns. */
  async choose(file) {
    if (!file) return;
    const { t } = this.app;
    this.columns.replaceChildren();
    const most = await mostBytes();
    if (file.size > most) {
      const size = this.app.format.integer(file.size);
      const text = t("panels.table.too_large", { size, most: this.app.format.integer(most) });
      this.error.replaceChildren(errorMessage(text));
      return;
    }
    this.chosen = null;
    this.file = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
    this.options.element.hidden = false;
    await this.describe();
    this.columns.querySelector("input:checked")?.focus();
  }

  /** Send the file for its columns, as the options say. A target that was chosen stays, if there is still such a column. */
  async describe() {
    const number = ++this.asked;
    this.chosen = this.columns.querySelector("input:checked")?.value ?? this.chosen;
    this.columns.replaceChildren();
    await this.guard(async () => {
      const { name, bytes } = this.file;
      const request = { name, target: null, ...this.options.reading() };
      const { fields } = await this.app.connection.request("upload", request, bytes);
      if (number !== this.asked) return;
      const isThere = fields.columns.some((column) => column.name === this.chosen);
      this.notes = fields.notes ?? [];
      this.columns.replaceChildren(...this.drawColumns(isThere ? { ...fields, suggested: this.chosen } : fields));
    });
  }

  /** The columns as a table with a radio button each, for the target. */
  drawColumns({ columns, n_rows: rows, suggested }) {
    const { t } = this.app;
    const target = (name) => {
      const radio = element("input", {
        type: "radio",
        name: "target",
        value: name,
        "aria-label": t("panels.table.predict_column", { name }),
      });
      radio.checked = name === suggested;
      return radio;
    };
    const head = [
      { title: t("panels.table.target"), hint: t("panels.table.target_hint") },
      { title: t("panels.table.column"), header: true },
      { title: t("panels.table.kind") },
      { title: t("panels.table.example") },
    ];
    const body = columns.map((column) => [target(column.name), column.name, this.kindCell(column), column.example || "–"]);
    const { format } = this.app;
    const caption = t("panels.table.caption", {
      name: this.file.name,
      rows: t("panels.table.rows", { count: rows, n: format.integer(rows) }),
      columns: t("panels.table.columns", { count: columns.length, n: format.integer(columns.length) }),
    });
    const send = (event) => {
      event.preventDefault();
      this.send(new FormData(event.target).get("target"));
    };
    return [
      element("ul", { class: "panel-note table-notes" }, ...this.notes.map((text) => element("li", { text }))),
      element(
        "form",
        { on: { submit: send } },
        element(
          "div",
          { role: "radiogroup", "aria-label": t("panels.table.target_hint") },
          table(caption, head, body),
        ),
        element(
          "div",
          { class: "panel-actions" },
          element("button", { type: "submit", class: "primary", text: t("panels.table.train") }),
        ),
      ),
    ];
  }

  /** The kind of a column, with a hint where the decimal mark seems to be another one. */
  kindCell(column) {
    if (!hasDecimalComma(column)) return this.kindName(column.kind);
    const hint = element("span", { class: "panel-note", text: this.app.t("panels.table.decimal_commas") });
    return element("span", {}, this.kindName(column.kind), ", ", hint);
  }

  kindName(kind) {
    const key = `panels.table.kind_${kind}`;
    const text = this.app.t(key);
    return text === key ? kind : text;
  }

  async send(target) {
    const { t } = this.app;
    if (!target) {
      this.error.replaceChildren(errorMessage(t("panels.table.no_target")));
      return;
    }
    await this.guard(async () => {
      const { name, bytes } = this.file;
      const request = { name, target, task: this.options.task(), ...this.options.reading() };
      const answer = await this.app.connection.request("upload", request, bytes);
      this.app.store.setScene(answer);
      this.node.close();
      this.showNotes(answer.fields.data.notes ?? []);
      this.app.announce(t("panels.table.opened", { title: answer.fields.data.title, target }));
    });
  }

  /** The notes that the dialog has not shown, as a message; a message about an earlier request is over. */
  showNotes(notes) {
    const news = notes.filter((note) => !this.notes.includes(note));
    const { store } = this.app;
    store.setMessage(news.length ? { text: news.join(" "), kind: "note", parameter: null } : null);
  }

  /** Run a task while the dialog says that it works; an error stands above the columns. */
  async guard(task) {
    this.error.replaceChildren(
      element("p", { role: "status", class: "panel-note", text: this.app.t("panels.table.reading") }),
    );
    this.node.setAttribute("aria-busy", "true");
    try {
      await task();
      this.error.replaceChildren();
    } catch (error) {
      this.error.replaceChildren(errorMessage(error.message));
    } finally {
      this.node.removeAttribute("aria-busy");
    }
  }
}
