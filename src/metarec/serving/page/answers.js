// How somebody answers: stars in a shop of ratings, else "would take" and "not for me".

import { asToolbar, h, svg } from "./dom.js";
import { titleOf } from "./items.js";
import * as session from "./session.js";

const MOST_STARS = 10;
const STAR = "M12 2.6l2.9 6 6.6.9-4.8 4.6 1.2 6.5-5.9-3.1-5.9 3.1 1.2-6.5L2.5 9.5l6.6-.9z";

// Whole steps of the scale where they are few, else five numbers spread over it.
export function ratingsOf([low, high]) {
  const first = Math.ceil(low);
  const steps = Math.floor(high) - first + 1;
  if (steps >= 2 && steps <= MOST_STARS) return Array.from({ length: steps }, (_, i) => first + i);
  return Array.from({ length: 5 }, (_, i) => Math.round(100 * (low + (i * (high - low)) / 4)) / 100);
}

// `impression` names the list that the item stands in, for which an answer counts as a click.
export function answersTo(itemId, model, done, impression) {
  if (model.predicts === "events") return taking(itemId, model, done, impression);
  if (model.scale) return rating(itemId, model.scale, done, impression);
  return h("p", { class: "hint" }, "Nothing says on which scale this shop rates, so it cannot be asked.");
}

function rating(itemId, scale, done, impression) {
  const values = ratingsOf(scale);
  const stars = values.every((value, place) => Number.isInteger(value) && value === values[0] + place);
  const buttons = values.map((value) =>
    h(
      "button",
      {
        type: "button",
        class: stars ? "star" : "button",
        "aria-label": `${value} of ${scale[1]}`,
        onclick: () => done(() => session.tell(itemId, { value, impression })),
      },
      stars ? svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: STAR })) : String(value),
    ),
  );
  const group = h("div", { class: "stars", "aria-label": `How you like ${titleOf(itemId)}` });
  return asToolbar(group, buttons);
}

function taking(itemId, model, done, impression) {
  const [takes] = model.target_kinds;
  const [refuses] = model.negative_kinds;
  const button = (text, strong, act) =>
    h("button", { type: "button", class: `button${strong ? " strong" : ""}`, onclick: () => done(act) }, text);
  const group = h("div", { class: "row", "aria-label": titleOf(itemId) });
  return asToolbar(group, [
    button("Would take", true, () => session.tell(itemId, { kind: takes, impression })),
    button("Not for me", false, async () =>
      refuses ? session.tell(itemId, { kind: refuses, impression }) : session.leaveOut(itemId),
    ),
  ]);
}
