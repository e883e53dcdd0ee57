/** Small builders of DOM nodes, so that panels say what they show and never build HTML from text. */

/**
 * Make an element.
 *
 * `properties` are attributes; `class`, `text` and `on` (`{click: fn}`) are special, and `null` or `false` leaves an
 * attribute out. Children are nodes or texts; `null` is skipped.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") listen(node, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function listen(node, listeners) {
  for (const [event, listener] of Object.entries(listeners)) node.addEventListener(event, listener);
}

/** Make a button of type "button". */
export function button(text, onClick, properties = {}) {
  return element("button", { type: "button", text, on: { click: onClick }, ...properties });
}

/** Make a labelled control: the label's text stands before the control. */
export function field(label, control, properties = {}) {
  return element("label", { class: "panel-field", ...properties }, element("span", { text: label }), control);
}

/** Make a select from `[[value, text], ...]`. */
export function select(options, value, onChange, properties = {}) {
  const node = element("select", { on: { change: () => onChange(node.value) }, ...properties });
  for (const [key, text] of options) node.append(element("option", { value: key, text }));
  node.value = String(value);
  return node;
}

const widths = new ResizeObserver((entries) => entries.forEach(({ target }) => setFocusable(target)));

/** Make a box that scrolls sideways; it can have the focus, for the arrow keys, only while its content is too wide. */
export function scroller(label, content) {
  const node = element("div", { class: "panel-scroll", role: "group", "aria-label": label }, content);
  widths.observe(node);
  return node;
}

function setFocusable(node) {
  if (node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight) node.tabIndex = 0;
  else node.removeAttribute("tabindex");
}

/**
 * Make a table inside a box that scrolls sideways.
 *
 * `columns` are `{title, numeric, header}`; a `header` column holds row headers. Cells are texts or nodes, and a row may
 * be `{cells, class}`.
 */
export function table(caption, columns, rows, properties = {}) {
  const head = element("tr", {}, ...columns.map((column) => headerCell(column)));
  const body = rows.map((row) => bodyRow(columns, row));
  const made = element(
    "table",
    { class: "panel-table", ...properties },
    element("caption", { text: caption }),
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
  return scroller(caption, made);
}

function headerCell(column) {
  return element("th", { scope: "col", class: column.numeric ? "numeric" : null, title: column.hint }, column.title);
}

function bodyRow(columns, row) {
  const cells = Array.isArray(row) ? row : row.cells;
  const made = cells.map((cell, i) => {
    const column = columns[i];
    const properties = { class: column.numeric ? "numeric" : null };
    return column.header ? element("th", { scope: "row", ...properties }, cell) : element("td", properties, cell);
  });
  return element("tr", { class: Array.isArray(row) ? null : row.class }, ...made);
}

/** Make a message about an error, which screen readers read at once. */
export function errorMessage(text) {
  return element("p", { class: "panel-error", role: "alert", text });
}

/** Offer bytes or text to the browser as a file to keep. */
export function download(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const anchor = element("a", { href: address, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  // The browser starts the download after the click; the address must live until then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
