// An anonymous visit: a random name that this browser keeps, and what it left out by itself.

import { ask, newId, query, userPath } from "./api.js";

const KEPT = "metarec.visit";

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    if (typeof kept?.id === "string" && Array.isArray(kept.leftOut)) return kept;
  } catch {
    // what cannot be read is begun anew
  }
  return write({ id: `visit-${newId()}`, leftOut: [] });
}

function write(visit) {
  localStorage.setItem(KEPT, JSON.stringify(visit));
  return visit;
}

export const visit = () => read();

export const begun = () => write({ id: `visit-${newId()}`, leftOut: [] });

export function leaveOut(itemId) {
  const { id, leftOut } = read();
  write({ id, leftOut: [...leftOut.filter((each) => each !== itemId), itemId] });
}

export function takeBack(itemId) {
  const { id, leftOut } = read();
  write({ id, leftOut: leftOut.filter((each) => each !== itemId) });
}

// Under its key an event is one event, so it may be sent again after whatever went wrong.
export const tell = (itemId, more) =>
  ask("POST", "/events", { user_id: read().id, item_id: itemId, key: newId(), ...more });

// The list was seen; who may only read tells nothing, and a list that was forgotten meanwhile is gone.
export async function seen(impression) {
  try {
    await ask("POST", `/impressions/${encodeURIComponent(impression)}/feedback`, { kind: "shown" });
  } catch (error) {
    if (!error.needsKey && error.status !== 404) throw error;
  }
}

export const history = () => ask("GET", query(`${userPath(read().id)}/history`, { limit: 50 }));

export async function forgotten() {
  const receipt = await ask("DELETE", userPath(read().id));
  begun();
  return receipt;
}
