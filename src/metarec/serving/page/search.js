// A field that finds items by their words while they are typed (the combobox of ARIA 1.2).

import { Problem } from "./api.js";
import { at, counted, h } from "./dom.js";
import { fieldsOf, find } from "./items.js";

const SHOWN = 8;
const WAIT_MS = 70;

export function startSearch(pick, trouble) {
  const field = at("search");
  const box = at("found");
  let options = [];
  let active = -1;
  let asked = null;
  let timer = 0;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    options = [];
    active = -1;
    box.hidden = true;
    box.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function point(to) {
    active = to;
    [...box.children].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === active));
      if (place === active) option.scrollIntoView({ block: "nearest" });
    });
    if (active < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `found-${active}`);
  }

  function take(place) {
    const item = options[place];
    if (!item) return;
    field.value = "";
    at("search-said").textContent = "";
    close();
    pick(item.item_id);
  }

  function show(found) {
    options = found.items;
    box.replaceChildren(
      ...options.map((item, place) =>
        h(
          "li",
          {
            id: `found-${place}`, role: "option", "aria-selected": "false", "data-id": item.item_id,
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(place),
          },
          h("span", { class: "name", dir: "auto" }, item.title ?? item.item_id),
          h("span", { class: "fields", dir: "auto" }, fieldsOf(item.item_id)),
        ),
      ),
    );
    box.hidden = !options.length;
    field.setAttribute("aria-expanded", String(options.length > 0));
    at("search-said").textContent = options.length ? counted(found.found, "match").replace(/hs$/, "hes") : "Nothing has these words.";
    point(options.length ? 0 : -1);
  }

  async function look() {
    const words = field.value.trim();
    asked?.abort();
    if (!words) {
      at("search-said").textContent = "";
      close();
      return;
    }
    asked = new AbortController();
    const { signal } = asked;
    try {
      const found = await find(words, SHOWN, signal);
      if (!signal.aborted) show(found);
    } catch (error) {
      if (error instanceof Problem && !signal.aborted) trouble(error, look);
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
  field.addEventListener("blur", close);
  field.addEventListener("focus", () => field.value.trim() && look());
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) point((active + step + options.length) % options.length);
    else if (event.key === "Enter" && active >= 0) take(active);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}
