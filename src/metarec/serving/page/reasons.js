// Why an item stands in the list: the exact parts of its score, as the service explains them.

import { fixed, h, name, percent } from "./dom.js";
import { titleOf } from "./items.js";

const SAID = {
  taste: "Fits your taste for",
  "often next": "Often taken after",
  "goes together": "Goes together with",
  "reads alike": "Reads like",
  "had before": "You had",
  "your ratings": "How you rated",
};
const AT_A_GLANCE = 2;

// What events said of a score, largest first; `percent` is of all that they said for and against.
export function partsOf(reasons) {
  const sums = new Map();
  const add = (why, item, share) => {
    const place = JSON.stringify([why, item]);
    const sum = sums.get(place)?.share ?? 0;
    sums.set(place, { why, item, share: sum + share });
  };
  for (const event of reasons.events) {
    for (const [why, share] of Object.entries(event.reasons)) add(why, event.item_id, share);
  }
  for (const [why, share] of Object.entries(reasons.together)) add(why, null, share);
  const parts = [...sums.values()].filter((part) => part.share !== 0);
  const all = parts.reduce((sum, part) => sum + Math.abs(part.share), 0);
  return parts
    .map((part) => ({ ...part, percent: part.share / all }))
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
}

function phrase(part) {
  if (part.item === null) return [sentence(part.why)];
  return [`${SAID[part.why] ?? `${sentence(part.why)}:`} `, name(titleOf(part.item))];
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// The reasons that count most, in a line; of several alike the words stand once.
export function whyLine(reasons) {
  const most = partsOf(reasons).filter((part) => part.share > 0).slice(0, AT_A_GLANCE);
  if (!most.length) return reasons.events.length ? ["What you told does not speak for it. "] : [];
  return most.flatMap((part, place) => {
    const again = part.item !== null && part.why === most[place - 1]?.why;
    const what = again ? [name(titleOf(part.item))] : phrase(part);
    const between = place === 0 ? "" : again ? ", " : " · ";
    return [between, ...what, " ", h("b", {}, percent(part.percent)), place === most.length - 1 ? " " : ""];
  });
}

const signed = (value, digits = 2) => (value < 0 ? "−" : "+") + fixed(Math.abs(value), digits);

// All parts: they sum to the score.
export function whyTable(reasons, id) {
  const row = (what, points, share) =>
    h("tr", {}, h("th", { scope: "row" }, ...what), h("td", {}, points), h("td", {}, share));
  const parts = partsOf(reasons);
  return h(
    "div",
    { class: "why-all", id },
    h(
      "table",
      {},
      h("caption", {}, "Every part of the score. Percentages are of all that your answers said, for and against."),
      h("thead", {}, h("tr", {}, ...["What speaks", "Points", "Share"].map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        row(["Before you told anything"], signed(reasons.base), ""),
        parts.map((part) =>
          row(phrase(part), signed(part.share), (part.share < 0 ? "−" : "") + percent(Math.abs(part.percent))),
        ),
      ),
      h("tfoot", {}, row(["Score"], signed(reasons.score), "")),
    ),
  );
}
