// The list: what to expect of each item and how surely, why, and what moved since the last answer.

import { answersTo } from "./answers.js";
import { at, calm, counted, fixed, h, percent } from "./dom.js";
import { fieldsLine, titleOf } from "./items.js";
import { whyLine, whyTable } from "./reasons.js";

const CHOSEN = {
  thompson: "Being curious, the list follows one of the tastes that may be yours",
  ucb: "Being curious, the list lifts what is doubtful",
  epsilon_greedy: "Being curious, the list is now and then drawn by lot",
};

const open = new Set();
let ranks = null; // of the list before

export function showList(answer, model, told, done) {
  const axis = axisOf(answer.items, model);
  const rows = answer.items.map((item) => row(item, axis, model, answer, done));
  const list = at("list");
  const before = placesOf(list);
  const focused = focusedRank(list);
  list.replaceChildren(...rows);
  if (focused !== null) (rows[Math.min(focused, rows.length - 1)]?.querySelector(".acts button") ?? at("list-title")).focus();
  glide(list, before);
  at("legend").replaceChildren(legend(answer, model));
  at("list-said").replaceChildren(summary(answer, told));
  ranks = new Map(answer.items.map((item) => [item.item_id, item.rank]));
}

function summary(answer, told) {
  const from = told ? `From ${counted(told, "answer")}` : "As anybody begins";
  const short = answer.short ? ` Only ${answer.short.found}: ${answer.short.why}.` : "";
  if (ranks === null) return `${from}.${short}`;
  const fresh = answer.items.filter((item) => !ranks.has(item.item_id)).length;
  const moved = answer.items.filter((item) => ranks.has(item.item_id) && ranks.get(item.item_id) !== item.rank).length;
  return `${from}: ${fresh} new, ${moved} moved.${short}`;
}

export function startAnew() {
  ranks = null;
  open.clear();
}

// What is shown of an item's number: the rating to expect, or else the score of the list.
const shown = (item, model) => (model.predicts === "ratings" ? (item.rating ?? item.score) : item.score);

function axisOf(items, model) {
  if (model.predicts === "ratings" && model.scale) return model.scale;
  const ends = items.flatMap((item) => [-1, 1].map((side) => shown(item, model) + side * (item.std ?? 0)));
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return high > low ? [low, high] : [low - 1, low + 1];
}

// Two decimals, and as many more as it takes to tell the items of this axis apart.
const digitsOn = ([low, high]) => 2 + Math.min(6, Math.max(0, Math.ceil(-Math.log10(high - low))));

function row(item, axis, model, answer, done) {
  const id = item.item_id;
  const number = `why-${item.rank}`;
  const why = item.reasons && h("p", { class: "why" }, whyLine(item.reasons), whyButton(item, number));
  const parts = [
    h("span", { class: "rank", "aria-hidden": "true" }, String(item.rank), move(item)),
    h("div", { class: "what" }, h("h3", { dir: "auto" }, titleOf(id)), fieldsLine(id), why),
    h(
      "div",
      { class: "how" },
      measure(item, axis, model),
      answer.policy === "greedy" ? null : h("p", { class: "chance" }, `${percent(item.propensity)} likely here`),
      h("div", { class: "acts" }, answersTo(id, model, done, answer.impression)),
    ),
  ];
  const all = item.reasons && whyTable(item.reasons, number);
  if (all) all.hidden = !open.has(id);
  return h("li", { class: "item", "data-id": id }, ...parts, all);
}

function whyButton(item, controls) {
  const button = h("button", {
    type: "button", class: "quiet", "aria-expanded": String(open.has(item.item_id)), "aria-controls": controls,
    onclick: () => {
      if (!open.delete(item.item_id)) open.add(item.item_id);
      button.setAttribute("aria-expanded", String(open.has(item.item_id)));
      at(controls).hidden = !open.has(item.item_id);
    },
  }, "Why?", h("span", { class: "hidden-text" }, ` ${titleOf(item.item_id)}`));
  return button;
}

function move(item) {
  if (ranks === null) return null;
  const was = ranks.get(item.item_id);
  if (was === undefined) return h("span", { class: "move new" }, "new");
  if (was === item.rank) return null;
  return h("span", { class: "move" }, `${was > item.rank ? "▲" : "▼"}${Math.abs(was - item.rank)}`);
}

// A dot at what is expected, in a band of one standard deviation to each side.
function measure(item, axis, model) {
  const value = shown(item, model);
  if (value === null) return h("div", { class: "measure" }, h("p", { class: "number" }, "not known"));
  const digits = digitsOn(axis);
  const spread = item.std === null ? null : h("small", {}, ` ± ${fixed(item.std, digits)}`);
  const track = h("div", { class: "track", "aria-hidden": "true" });
  const place = (x) => Math.max(0, Math.min(1, (x - axis[0]) / (axis[1] - axis[0])));
  if (item.std !== null) {
    const band = h("span", { class: "band" });
    const [from, to] = [place(value - item.std), place(value + item.std)];
    band.style.insetInlineStart = `${100 * from}%`;
    band.style.inlineSize = `${100 * (to - from)}%`;
    track.append(band);
  }
  const dot = h("span", { class: "dot" });
  dot.style.insetInlineStart = `${100 * place(value)}%`;
  track.append(dot);
  const said = model.predicts === "ratings" ? "Expected rating " : "Score ";
  const number = h("p", { class: "number" }, h("span", { class: "hidden-text" }, said), fixed(value, digits), spread);
  return h("div", { class: "measure" }, number, track);
}

function legend(answer, model) {
  const rates = model.predicts === "ratings";
  const explores = answer.policy !== "greedy";
  const what = rates ? "the rating to expect" : explores ? "the score" : "the score that orders the list";
  const scale = rates && model.scale ? ` on the scale from ${model.scale[0]} to ${model.scale[1]}` : "";
  const sure = answer.items.some((item) => item.std !== null);
  const band = sure ? "the band is one standard deviation to each side." : "";
  const not = sure ? "" : "this model does not tell how sure it is, so there is no band.";
  const chance = explores ? ` ${CHOSEN[answer.policy]}; how likely each item was at its place stands beside it.` : "";
  return answer.items.length ? `The dot is ${what}${scale}; ${band}${not}${chance}` : "Nothing is left to show.";
}

function focusedRank(list) {
  const item = document.activeElement?.closest?.("li.item");
  return item && list.contains(item) ? [...list.children].indexOf(item) : null;
}

const placesOf = (list) =>
  new Map([...list.children].map((item) => [item.dataset.id, item.getBoundingClientRect().top]));

// Items slide from where they were, for those who want movement.
function glide(list, before) {
  if (calm() || !before.size) return;
  for (const item of list.children) {
    const was = before.get(item.dataset.id);
    const by = was === undefined ? 0 : was - item.getBoundingClientRect().top;
    const from = was === undefined ? { opacity: 0 } : { transform: `translateY(${by}px)` };
    item.animate([from, { opacity: 1, transform: "none" }], { duration: 320, easing: "cubic-bezier(.2,.7,.2,1)" });
  }
}
