// Every sentence that a person reads is in strings/LANGUAGE.json, by its key. A translation is a file beside it.

const language = "en";
const plural = new Intl.PluralRules(language);
let strings = new Map();

export async function loadStrings() {
  const answer = await fetch(new URL(`../strings/${language}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`strings/${language}.json is missing`);
  strings = new Map(Object.entries(await answer.json()));
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
