// The view of a person: each answer is told to the service, and the list it gives then is shown.

import { ask } from "./api.js";
import { at, h, percent } from "./dom.js";
import { learn } from "./items.js";
import { showList, startAnew } from "./list.js";
import { forgetSkipped, nextQuestion, questionsWanted, showPicked, showQuestion } from "./question.js";
import { startSearch } from "./search.js";
import * as session from "./session.js";
import { showTold } from "./told.js";
import { clearTrouble, showKeyButton, tellTrouble } from "./trouble.js";

const K = 10;
const ORDERS = [
  ["both", "Both"],
  ["choice", "What you would take"],
  ["rating", "What you would like"],
];

const CURIOUS = ["thompson", "ucb", "epsilon_greedy"]; // the first that the model can

const wanted = { rankBy: "both", curious: 0 };
const seed = Math.floor(Math.random() * 2 ** 32); // so that a list changes by answers alone
let model = null;
let latest = 0;
let picked = null;

async function start() {
  try {
    showKeyButton(start);
    model = await ask("GET", "/model");
    showControls();
    await refresh();
  } catch (error) {
    tellTrouble(error, start);
  }
}

// Asks for everything that an answer may have changed; what was overtaken is not shown.
async function refresh() {
  const mine = ++latest;
  const { id, leftOut } = session.visit();
  try {
    const [list, questions, history] = await Promise.all([
      ask("POST", "/recommendations", listFor(id, leftOut)),
      model.can.asks ? ask("POST", "/questions", { user_id: id, k: questionsWanted(leftOut) }) : null,
      session.history(),
    ]);
    if (mine !== latest) return;
    if (list.model !== model.version) model = await ask("GET", "/model");
    const question = nextQuestion(questions, leftOut);
    const ids = [...list.items, ...history.events, ...(question ? [question] : [])].map((each) => each.item_id);
    await learn([...ids, ...leftOut, ...reasonsOf(list)], list.model);
    if (mine !== latest) return;
    clearTrouble();
    showList(list, model, history.count, answered);
    if (list.impression && list.items.length) await session.seen(list.impression);
    if (mine !== latest) return;
    if (picked === null) showQuestion(question, model, answered, refresh);
    showTold(history, model, refreshAnew);
    headline(history.count + leftOut.length);
    at("version").textContent = `Model ${model.name} ${list.model} · ${model.on_offer.toLocaleString("en")} items on offer`;
  } catch (error) {
    tellTrouble(error, refresh);
  }
}

function listFor(id, leftOut) {
  return {
    user_id: id,
    k: K,
    exclude_seen: true,
    exclude: leftOut.length ? leftOut : null,
    explain: model.can.explains,
    rank_by: model.can.rank_by ? wanted.rankBy : null,
    ...(wanted.curious ? exploring() : {}),
    record: true,
    cool_off_s: 0, // what was passed over stays where it is: here answers alone change the list
  };
}

const exploring = () => ({
  policy: CURIOUS.find((name) => model.can.policies.includes(name)),
  exploration: wanted.curious,
  seed,
});

const reasonsOf = (list) =>
  list.items.flatMap((item) => (item.reasons?.events ?? []).map((event) => event.item_id));

// `act` tells the service, and the next list knows of it.
async function answered(act) {
  try {
    await act();
    picked = null;
    await refresh();
  } catch (error) {
    tellTrouble(error, () => answered(act));
  }
}

function pick(itemId) {
  if (model === null) return;
  if (model.predicts === "events") {
    const [kind] = model.target_kinds;
    answered(() => session.tell(itemId, { kind }));
    return;
  }
  picked = itemId;
  showPicked(itemId, model, answered, () => {
    picked = null;
    at("search").focus();
    refresh();
  });
}

// After everything was forgotten, or something taken back.
function refreshAnew() {
  const { leftOut } = session.visit();
  if (!leftOut.length) {
    startAnew();
    forgetSkipped();
  }
  return refresh();
}

function headline(told) {
  at("headline").textContent = told ? "Your list, made of what you told." : "Say what you like.";
  at("lead").textContent = told
    ? "Every answer counts at once, and only for you."
    : "One thing is enough to begin. Your list follows at once.";
}

function showControls() {
  const orders = h(
    "fieldset",
    { class: "orders" },
    h("legend", {}, "Ordered by"),
    h(
      "div",
      { class: "switch" },
      ORDERS.map(([value, text]) =>
        h("label", {}, h("input", { type: "radio", name: "order", value, checked: value === wanted.rankBy, onchange: () => {
          wanted.rankBy = value;
          refresh();
        } }), h("span", {}, text)),
      ),
    ),
  );
  const said = h("output", { for: "curious" });
  const slider = h("input", { id: "curious", type: "range", min: "0", max: "1", step: "0.1", onchange: () => refresh(), oninput: show });
  slider.value = String(wanted.curious);
  function show() {
    wanted.curious = Number(slider.value);
    const words = wanted.curious ? `${percent(wanted.curious)} curious` : "safe";
    said.textContent = words;
    slider.setAttribute("aria-valuetext", words);
  }
  const curious = h(
    "div",
    { class: "curious" },
    h("label", { for: "curious" }, "From safe to curious"),
    h("div", { class: "row" }, slider, said),
  );
  show();
  at("controls").replaceChildren(...(model.can.rank_by ? [orders] : []), curious);
}

at("controls").addEventListener("submit", (event) => event.preventDefault());
startSearch(pick, tellTrouble);
start();
