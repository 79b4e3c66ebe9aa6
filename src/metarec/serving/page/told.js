// What this visit told, and having all of it forgotten.

import { askForKey } from "./trouble.js";
import { at, counted, fixed, h, name } from "./dom.js";
import { titleOf } from "./items.js";
import * as session from "./session.js";

export function showTold(history, model, again) {
  const { id, leftOut } = session.visit();
  const section = at("told");
  section.hidden = !history.events.length && !leftOut.length;
  const more = history.count - history.events.length;
  section.replaceChildren(
    h("h2", { id: "told-title" }, "What you told"),
    h(
      "ul",
      { class: "chips" },
      history.events.map((event) => h("li", {}, name(titleOf(event.item_id)), h("b", {}, said(event, model)))),
      more > 0 ? h("li", {}, `and ${counted(more, "more answer")}`) : null,
      leftOut.map((itemId) => h("li", { class: "out" }, name(titleOf(itemId)), back(itemId, again))),
    ),
    leftOut.length
      ? h("p", { class: "hint" }, "This shop keeps no event that says no, so these are only left out of your list here.")
      : "",
    h("p", { class: "hint" }, "Kept under a random name, ", h("code", {}, id.slice(0, 14)), "…, and nothing else of you."),
    h("button", { type: "button", class: "button danger", onclick: () => askToForget(again) }, "Forget me"),
  );
}

function said(event, model) {
  if (model.predicts === "ratings" && event.value !== null) {
    return Number.isInteger(event.value) ? String(event.value) : fixed(event.value);
  }
  return model.negative_kinds.includes(event.kind) ? "not for me" : "would take";
}

function back(itemId, again) {
  const act = () => {
    session.takeBack(itemId);
    again();
  };
  const words = h("span", { class: "hidden-text" }, ` ${titleOf(itemId)}`);
  return h("button", { type: "button", class: "quiet", onclick: act }, "take back", words);
}

function askToForget(again) {
  const why = h("p", {}, "Your answers and the lists you were shown are erased from the service, at once and for good. You get a receipt.");
  const dialog = opened("Forget me?", why);
  const trouble = h("p", { role: "alert" });
  async function forget() {
    try {
      tellReceipt(dialog, await session.forgotten());
      again();
    } catch (error) {
      trouble.textContent = error.message;
      if (!error.needsKey) return;
      dialog.close();
      askForKey(`${error.message} Forgetting needs a key with the scope admin.`, again);
    }
  }
  dialog.append(
    trouble,
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", class: "button danger", onclick: forget }, "Forget everything"),
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Keep it"),
    ),
  );
}

function tellReceipt(dialog, receipt) {
  const when = new Date(1000 * receipt.at);
  const close = h("button", { type: "button", class: "button strong", onclick: () => dialog.close() }, "Begin anew");
  dialog.replaceChildren(
    h("h2", { id: "forget-title", tabindex: "-1" }, "Forgotten"),
    h(
      "dl",
      { class: "receipt" },
      ...[
        ["Receipt", String(receipt.receipt)],
        ["Erased", `${counted(receipt.events, "answer")}, ${counted(receipt.impressions, "shown list")}`],
        ["When", h("time", { datetime: when.toISOString() }, when.toLocaleString("en", { dateStyle: "long", timeStyle: "medium" }))],
      ].map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    ),
    h("p", { class: "hint" }, `The receipt does not say whose it was. As for the model: ${receipt.model}.`),
    close,
  );
  close.focus();
}

function opened(title, ...content) {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "forget-title", onclose: () => dialog.remove() },
    h("h2", { id: "forget-title" }, title),
    ...content,
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
