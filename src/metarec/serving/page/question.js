// One question at a time: what was just picked, or else what would tell most.

import { answersTo } from "./answers.js";
import { at, fixed, h } from "./dom.js";
import { fieldsLine, titleOf } from "./items.js";

const skipped = new Set();

// One more than those that will not be asked again.
export const questionsWanted = (leftOut) => Math.min(100, 1 + skipped.size + leftOut.length);

// What is asked about; null where there is nothing to ask.
export function nextQuestion(answer, leftOut) {
  return answer?.items.find((item) => !skipped.has(item.item_id) && !leftOut.includes(item.item_id)) ?? null;
}

export function showPicked(itemId, model, done, drop) {
  const button = h("button", { type: "button", class: "quiet", onclick: drop }, "Never mind");
  show("How do you like it?", itemId, answersTo(itemId, model, done), button, null);
}

export function showQuestion(question, model, done, again) {
  const card = at("question");
  if (question === null) {
    card.hidden = true;
    card.replaceChildren();
    return;
  }
  const skip = () => {
    skipped.add(question.item_id);
    again();
  };
  const title = model.predicts === "ratings" ? "Do you know this? How do you like it?" : "Would you take this?";
  const gain = `An answer is expected to remove ${fixed(100 * question.score, 1)}% of what is not known of you.`;
  const button = h("button", { type: "button", class: "quiet", onclick: skip }, "Ask another");
  show(title, question.item_id, answersTo(question.item_id, model, done), button, gain);
}

export const forgetSkipped = () => skipped.clear();

function show(title, itemId, answers, more, gain) {
  const card = at("question");
  const focused = card.contains(document.activeElement);
  card.dataset.id = itemId;
  card.replaceChildren(
    h("h2", { id: "question-title" }, title),
    h("h3", { dir: "auto" }, titleOf(itemId)),
    fieldsLine(itemId),
    h("div", { class: "row" }, answers, more),
    gain === null ? "" : h("p", { class: "hint" }, gain),
  );
  card.hidden = false;
  if (focused || gain === null) card.querySelector("button").focus();
}
