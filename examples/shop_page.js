// Recommendations in a shop's own page: a browser key, a session, events and lists; no framework.
// Copy it into your site. shop_page.html beside it shows its use.

export class Shop {
  constructor(url, key, storage = localStorage) {
    this.url = url;
    this.key = key;
    this.storage = storage;
  }

  // One browser: an id that nobody guesses, kept until the visitor clears it.
  get session() {
    let id = this.storage.getItem("metarec.session");
    if (!id) {
      id = `session:${newId()}`;
      this.storage.setItem("metarec.session", id);
    }
    return id;
  }

  // What the visitor did: {kind: "view"}, or {value: 4} in a shop of ratings. The event's own key
  // makes it safe to send it again; keepalive lets it arrive when the page is left by that click.
  async tell(itemId, what = {}) {
    const body = { user_id: this.session, item_id: itemId, key: newId(), ...what };
    const again = await this.post("/events", body, true).catch((error) => error);
    if (again instanceof Refused && again.status < 500) throw again;
    return again instanceof Error ? this.post("/events", body, true) : again;
  }

  // The best items now, every event that was told included: {items, next}. With `cursor: next` the
  // same question gives the items that follow; a list that is gone (410) begins anew.
  async recommend(question = {}) {
    const body = { user_id: this.session, ...question };
    try {
      return await this.post("/recommendations", body);
    } catch (error) {
      if (error.status !== 410) throw error;
      return this.post("/recommendations", { ...body, cursor: null });
    }
  }

  async post(path, body, keepalive = false) {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${this.key}` };
    const sent = { method: "POST", headers, keepalive, body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/v1${path}`, sent);
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, said.detail ?? `status ${answer.status}`);
    return said;
  }
}

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Fill an element with a list, page by page, and tell what is clicked on the whole page: an element
// with data-item, and perhaps data-event, such as <button data-item="589" data-event="buy">.
export function show(shop, target, question = {}) {
  const list = target.appendChild(document.createElement("ol"));
  const more = target.appendChild(document.createElement("button"));
  more.textContent = "More";
  let cursor = null;

  async function fill() {
    more.disabled = true;
    const found = await shop.recommend({ ...question, cursor }).catch(() => null);
    more.disabled = false;
    if (found === null) return; // a shop sells without recommendations, too
    if (found.items[0]?.rank === 1) list.replaceChildren();
    list.append(...found.items.map(entry));
    cursor = found.next;
    more.hidden = cursor === null;
  }

  document.addEventListener("click", (event) => {
    const clicked = event.target.closest("[data-item]");
    if (!clicked) return;
    const kind = clicked.dataset.event;
    shop.tell(clicked.dataset.item, kind ? { kind } : {}).catch(() => {});
  });
  more.addEventListener("click", fill);
  return fill();
}

function entry(item) {
  const line = document.createElement("li");
  const link = line.appendChild(document.createElement("a"));
  link.href = `#${encodeURIComponent(item.item_id)}`; // your product's page
  link.dataset.item = item.item_id;
  link.dataset.event = "view";
  link.textContent = item.title ?? item.item_id; // as text: a title is never markup
  return line;
}

// On pages without TLS browsers lack randomUUID.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
