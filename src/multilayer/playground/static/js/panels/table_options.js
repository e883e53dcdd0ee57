// How a file is read and what its target holds: the options of the dialog for a table.

import { element, field, select } from "./nodes.js";

const DECIMALS = { ".": "point", ",": "comma" };
const ENCODINGS = { "": "utf8", cp1252: "cp1252", "latin-1": "latin1", "utf-16": "utf16" };
const TASKS = ["auto", "classification", "regression"];
const DECIMAL_COMMA = /^[-+−]?\d+(\.\d{3})*,\d+$/;

/** Make the options. `onReading()` is called when the file must be read again; `reading()` and `task()` are fields of `upload`. */
export function makeTableOptions({ t }, onReading) {
  const chosen = { decimal: ".", encoding: "", task: "auto" };
  const choice = (name, options, onChange) => {
    const set = (value) => {
      chosen[name] = value;
      onChange();
    };
    const hint = { title: t(`panels.table.${name}_hint`) };
    return field(t(`panels.table.${name}`), select(options, chosen[name], set, hint));
  };
  const texts = (name, keys) => Object.entries(keys).map(([value, key]) => [value, t(`panels.table.${name}.${key}`)]);
  const fields = () => [
    choice("decimal", texts("decimal", DECIMALS), onReading),
    choice("encoding", texts("encoding", ENCODINGS), onReading),
    choice(
      "task",
      TASKS.map((task) => [task, t(`panels.table.task.${task}`)]),
      () => {},
    ),
  ];
  const list = element("div", { class: "panel-fields" });
  const node = element(
    "details",
    { class: "table-options", hidden: true },
    element("summary", { text: t("panels.table.options"), title: t("panels.table.options_hint") }),
    list,
  );
  return {
    element: node,
    /** Shows the usual options, for a dialog that is opened. */
    reset() {
      Object.assign(chosen, { decimal: ".", encoding: "", task: "auto" });
      list.replaceChildren(...fields());
      node.hidden = true;
      node.open = false;
    },
    /** Only what differs from the usual options: a Parquet file has neither. */
    reading() {
      const { decimal, encoding } = chosen;
      return { ...(decimal === "." ? {} : { decimal }), ...(encoding ? { encoding } : {}) };
    },
    task: () => chosen.task,
  };
}

/** Whether a text column looks like numbers whose decimal mark is a comma. */
export function hasDecimalComma({ kind, example }) {
  return kind === "text" && DECIMAL_COMMA.test((example ?? "").trim());
}
