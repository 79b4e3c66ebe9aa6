// What a shop says of its items, asked for once and kept as long as the model is the same.

import { ask, query } from "./api.js";
import { h } from "./dom.js";

const AT_ONCE = 100;
let version = "";
let known = new Map();
let telling = [];

// Learns what is not known yet of these items.
export async function learn(ids, model) {
  if (model !== version) {
    version = model;
    known = new Map();
  }
  const missing = [...new Set(ids)].filter((id) => !known.has(id));
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    keep(await ask("GET", query("/items", { item_id: missing.slice(from, from + AT_ONCE) })));
  }
}

export async function find(words, k, signal) {
  const found = await ask("GET", query("/items", { q: words, k }), undefined, signal);
  keep(found);
  return found;
}

function keep(found) {
  telling = found.telling;
  for (const item of found.items) known.set(item.item_id, item);
}

export const titleOf = (id) => known.get(id)?.title ?? id;

// The two or three values that tell most, as one line.
export function fieldsOf(id) {
  const content = known.get(id)?.content ?? {};
  return telling.map((name) => shown(name, content[name])).filter(Boolean).join(" · ");
}

export const fieldsLine = (id) => h("p", { class: "fields", dir: "auto" }, fieldsOf(id));

function shown(name, value) {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.filter(Boolean).slice(0, 4).join(", ");
  if (typeof value !== "number") return String(value);
  const named = /^(year|date)$/i.test(name) ? "" : `${name.replaceAll("_", " ")} `;
  return named + (Number.isInteger(value) ? String(value) : String(Math.round(value * 100) / 100));
}
