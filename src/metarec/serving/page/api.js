// The service's public endpoints, and the key that some services ask for.

const KEY = "metarec.key";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  get needsKey() {
    return this.status === 401 || this.status === 403;
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  put: (secret) =>
    secret ? sessionStorage.setItem(KEY, secret) : sessionStorage.removeItem(KEY),
};

// A random name that nobody else has; on pages without TLS browsers lack randomUUID.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function ask(method, path, body, signal) {
  const headers = {};
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/v1${path}`, { method, headers, body: JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer. Is it still running?");
  }
  const isText = answer.headers.get("Content-Type")?.startsWith("text/plain");
  if (answer.ok) return isText ? answer.text() : answer.json();
  const said = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, said.detail ?? `The service answered ${answer.status}.`);
}

export function query(path, parameters) {
  const asked = new URLSearchParams();
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat()) if (value !== undefined) asked.append(name, value);
  }
  return `${path}?${asked}`;
}

export const userPath = (id) => `/users/${encodeURIComponent(id)}`;
