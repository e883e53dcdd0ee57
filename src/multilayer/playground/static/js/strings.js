// Every sentence that a person reads is in strings/LANGUAGE/AREA.json. A translation adds a folder.

const AREAS = ["shell", "views", "panels"];
const language = "en";
const strings = new Map();
const plural = new Intl.PluralRules(language);

export async function loadStrings() {
  await Promise.all(AREAS.map(loadArea));
}

async function loadArea(area) {
  const address = new URL(`../strings/${language}/${area}.json`, import.meta.url);
  const answer = await fetch(address);
  if (!answer.ok) {
    console.warn(`strings/${language}/${area}.json is missing`);
    return;
  }
  addStrings(await answer.json(), area);
}

function addStrings(tree, prefix) {
  for (const [name, value] of Object.entries(tree)) {
    const key = name === prefix || name.startsWith(`${prefix}.`) ? name : `${prefix}.${name}`;
    if (typeof value === "string") strings.set(key, value);
    else addStrings(value, key);
  }
}

/** The text of a key, with `{name}` replaced by `values.name`. With `values.count`, `key.one` and `key.other` are tried. */
export function t(key, values = {}) {
  const counted = "count" in values ? strings.get(`${key}.${plural.select(values.count)}`) ?? strings.get(`${key}.other`) : undefined;
  const text = counted ?? strings.get(key);
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether there is a text for the key. */
export function has(key) {
  return strings.has(key);
}

/** Fills the elements of the page that name their texts: data-t is the content, data-t-label the accessible name. */
export function fill(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
}
