// What went wrong, in the service's own words, and what can be done: try again, or give a key.

import { Problem, key } from "./api.js";
import { at, h } from "./dom.js";

const SCOPES = [
  ["read", "See lists, reasons, questions and numbers"],
  ["write", "Tell what you like"],
  ["admin", "Have a person forgotten; change items and models"],
];

export function tellTrouble(error, again) {
  if (error.name === "AbortError") return;
  const known = error instanceof Problem;
  if (!known) console.error(error);
  const said = known ? error.message : `The page has a fault: ${error.message}`;
  const button = h("button", { class: "button", type: "button", onclick: again }, "Try again");
  at("trouble").replaceChildren(h("div", { class: "trouble" }, h("p", {}, said), button));
  if (known && error.needsKey) askForKey(key.get() ? sentence(error.message) : "This service answers to those who have a key.", again);
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const clearTrouble = () => at("trouble").replaceChildren();

// The button in the header is there once a key was asked for.
export function showKeyButton(again) {
  const button = at("key");
  button.hidden = !key.get();
  button.onclick = () => askForKey("The key that this page uses, for as long as its tab is open.", again);
}

export function askForKey(why, again) {
  if (document.querySelector("dialog.key")) return;
  const field = h("input", {
    id: "key-field", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "key-why",
  });
  field.value = key.get();
  const dialog = h(
    "dialog",
    { class: "key", "aria-labelledby": "key-title", onclose: () => dialog.remove() },
    h("h2", { id: "key-title" }, "A key, please"),
    h("p", { id: "key-why", class: "hint" }, why),
    h("div", {}, h("label", { for: "key-field" }, "Key"), field),
    h(
      "table",
      {},
      h("caption", { class: "hidden-text" }, "What a key may do"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Scope"), h("th", { scope: "col" }, "With it you may"))),
      h("tbody", {}, SCOPES.map(([scope, may]) => h("tr", {}, h("th", { scope: "row" }, scope), h("td", {}, may)))),
    ),
    h("p", { class: "hint" }, "Whoever runs the service makes one: ", h("code", {}, "metarec keys add"), ". It is kept in this tab alone."),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button strong", type: "button", onclick: use }, "Use it"),
      h("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Not now"),
    ),
  );
  function use() {
    key.put(field.value.trim());
    dialog.close();
    clearTrouble();
    showKeyButton(again);
    again();
  }
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // else it would press what has the focus once the dialog is gone
    use();
  });
  document.body.append(dialog);
  dialog.showModal();
}
