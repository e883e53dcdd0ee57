// The dialog that opens one's own table: choose a file, see its columns, choose the target.

import { button, element, errorMessage, table } from "./nodes.js";

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
    this.error = element("div");
    this.columns = element("div");
    this.node = element(
      "dialog",
      { class: "panel-dialog", "aria-labelledby": "table-dialog-title" },
      element("h2", { id: "table-dialog-title", text: t("panels.table.title") }),
      element("p", { text: t("panels.table.text") }),
      this.drop,
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

  /** Send a file for its columns. */
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
    await this.guard(async () => {
      this.file = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
      const { fields } = await this.app.connection.request(
        "upload",
        { name: this.file.name, target: null },
        this.file.bytes,
      );
      this.columns.replaceChildren(...this.drawColumns(fields));
      this.columns.querySelector("input:checked")?.focus();
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
    const body = columns.map(({ name, kind, example }) => [target(name), name, this.kindName(kind), example ?? "–"]);
    const send = (event) => {
      event.preventDefault();
      this.send(new FormData(event.target).get("target"));
    };
    return [
      element(
        "form",
        { on: { submit: send } },
        element(
          "div",
          { role: "radiogroup", "aria-label": t("panels.table.target_hint") },
          table(t("panels.table.caption", { name: this.file.name, count: rows, columns: columns.length }), head, body),
        ),
        element(
          "div",
          { class: "panel-actions" },
          element("button", { type: "submit", class: "primary", text: t("panels.table.train") }),
        ),
      ),
    ];
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
      const answer = await this.app.connection.request("upload", { name: this.file.name, target }, this.file.bytes);
      this.app.store.setScene(answer);
      this.node.close();
      this.app.announce(t("panels.table.opened", { title: answer.fields.data.title, target }));
    });
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
