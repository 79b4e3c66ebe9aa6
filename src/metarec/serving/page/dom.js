// Elements from values: text is always text, and nothing a shop says becomes markup.

export function h(tag, given = {}, ...children) {
  return filled(document.createElement(tag), given, children);
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, given = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), given, children);
}

function filled(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const at = (id) => document.getElementById(id);

// What a shop calls a thing, kept apart from the direction of the sentence around it.
export const name = (text) => h("bdi", {}, text);

// One of several buttons is reached with Tab, the others from it with the arrow keys.
export function asToolbar(group, buttons) {
  buttons.forEach((button, place) => {
    button.tabIndex = place === 0 ? 0 : -1;
    button.addEventListener("focus", () => {
      for (const each of buttons) each.tabIndex = each === button ? 0 : -1;
    });
  });
  group.setAttribute("role", "toolbar");
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const from = buttons.indexOf(document.activeElement);
    if (!step || from < 0) return;
    event.preventDefault();
    buttons[(from + step + buttons.length) % buttons.length].focus();
  });
  group.append(...buttons);
  return group;
}

export const fixed = (value, digits = 2) => value.toFixed(digits);
export const percent = (share) => `${Math.round(100 * share)}%`;
export const counted = (count, noun) =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
