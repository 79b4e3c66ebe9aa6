// The view of who runs the service: what its public endpoints tell, asked again every few seconds.

import { ask } from "./api.js";
import { at } from "./dom.js";
import { parsed } from "./metrics.js";
import { showCoverage, showModel, showPolicies, showRoutes, showStore, showTraffic } from "./panels.js";
import { clearTrouble, showKeyButton, tellTrouble } from "./trouble.js";

const EVERY_MS = 5_000;
const COUNTED_EVERY = 6; // rounds: counting reads whole tables, and a model is tried out

let round = 0;
let timer = 0;
let paused = false;
const looks = [];

async function look() {
  clearTimeout(timer);
  try {
    showKeyButton(begin);
    const counting = round % COUNTED_EVERY === 0;
    const [text, model, store, policies] = await Promise.all([
      ask("GET", "/metrics"),
      counting ? ask("GET", "/model") : null,
      counting ? ask("GET", "/store") : null,
      counting ? ask("GET", "/policies") : null,
    ]);
    looks.push({ at: Date.now(), samples: parsed(text) });
    looks.splice(0, Math.max(0, looks.length - 61));
    showTraffic(looks);
    showRoutes(looks.at(-1).samples);
    if (counting) {
      showModel(model);
      showStore(store);
      showCoverage(store.coverage, model.on_offer);
      showPolicies(policies);
    }
    clearTrouble();
    const now = new Date().toLocaleTimeString("en", { hour12: false });
    at("lead").textContent = paused ? `As it was at ${now}.` : `As it is at ${now}, asked again every ${EVERY_MS / 1000} seconds.`;
    round += 1;
  } catch (error) {
    tellTrouble(error, begin);
    if (error.needsKey) return; // until there is a key, asking again would tell nothing else
  }
  if (!paused && !document.hidden) timer = setTimeout(look, EVERY_MS);
}

function begin() {
  round = 0;
  return look();
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  at("pause").textContent = paused ? "Go on" : "Pause";
  begin();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) begin();
});
begin();
