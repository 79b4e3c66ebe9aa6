// The parts of the operator's view, each made of one answer of the service.

import { at, counted, fixed, h, percent, svg } from "./dom.js";
import { histogramOf, quantile, routesOf, sumOf, withinText } from "./metrics.js";

const ABLE = {
  adapts: "becomes one person's own",
  explains: "explains its scores",
  asks: "asks questions",
  knows_how_sure: "knows how sure it is",
  similar_items: "tells what is alike",
  items_change: "takes new items without a fit",
  rank_by: "orders by taking and by liking",
};
const SPARK = { width: 240, height: 44 };

const title = (id, text) => h("h2", { id: `${id}-title` }, text);
const words = (policy) => policy.replaceAll("_", " ");
const number = (value) => value.toLocaleString("en");

function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.map(([term, value, name]) => h("div", {}, h("dt", {}, term), h("dd", { "data-name": name }, value))),
  );
}

export function showTraffic(looks) {
  const now = looks.at(-1).samples;
  const requests = sumOf(now, "metarec_requests_total");
  const failed = sumOf(now, "metarec_requests_total", (labels) => labels.status >= "500");
  const histogram = histogramOf(now);
  const rates = ratesOf(looks);
  const figures = [
    ["Requests", number(requests), "requests"],
    ["A second, now", rates.length ? fixed(rates.at(-1), 1) : "—", "rate"],
    ["Half of all answered in", withinText(quantile(histogram, 0.5)), "median"],
    ["99 in a hundred in", withinText(quantile(histogram, 0.99)), "p99"],
    ["Failed by the service", requests ? `${number(failed)} (${percent(failed / requests)})` : "0", "failed"],
    ["Events told", number(sumOf(now, "metarec_events_total", (labels) => labels.outcome === "stored")), "stored"],
  ];
  at("traffic").replaceChildren(title("traffic", "Traffic since the service started"), facts(figures), spark(rates));
}

// Requests a second between one look and the next; a service that began anew counts from there.
function ratesOf(looks) {
  const counts = looks.map((look) => [look.at, sumOf(look.samples, "metarec_requests_total")]);
  return counts.slice(1).map(([when, count], place) => {
    const [before, was] = counts[place];
    return (1000 * (count < was ? count : count - was)) / Math.max(1, when - before);
  });
}

function spark(rates) {
  if (rates.length < 2) return "";
  const most = Math.max(...rates, 1e-9);
  const points = rates.map((rate, place) => {
    const x = (SPARK.width * place) / (rates.length - 1);
    return `${x.toFixed(1)},${(SPARK.height - 2 - (SPARK.height - 4) * (rate / most)).toFixed(1)}`;
  });
  const said = `Requests a second over the last ${rates.length} looks, at most ${fixed(most, 1)}`;
  return h(
    "figure",
    {},
    svg(
      "svg",
      { class: "spark", viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: "none", role: "img", "aria-label": said },
      svg("polyline", { points: points.join(" ") }),
    ),
    h("figcaption", { class: "hint" }, said),
  );
}

export function showModel(model) {
  const kinds = (names) => (names.length ? names.join(", ") : "none declared");
  at("model").replaceChildren(
    title("model", "Model"),
    model.trouble ? h("p", { class: "trouble", role: "alert" }, model.trouble) : "",
    facts([
      ["Class", model.name, "name"],
      ["Version", h("code", {}, model.version), "version"],
      ["Foretells", model.scale ? `ratings from ${model.scale[0]} to ${model.scale[1]}` : model.predicts, "predicts"],
      ["Items on offer", `${number(model.on_offer)} of ${number(model.items)}`, "offer"],
      ["Target kinds", kinds(model.target_kinds), "target"],
      ["Negative kinds", kinds(model.negative_kinds), "negative"],
      ["Chooses by", model.can.policies.map(words).join(", "), "policies"],
    ]),
    h(
      "ul",
      { class: "able" },
      Object.entries(model.can).filter(([name]) => name in ABLE).map(([name, can]) =>
        h("li", { class: can ? "can" : "cannot" }, h("span", { class: "hidden-text" }, can ? "It " : "It does not: "), ABLE[name]),
      ),
    ),
  );
}

export function showStore(store) {
  at("store").replaceChildren(
    title("store", "Store"),
    facts([
      ["Events", number(store.events), "events"],
      ["People with events", number(store.people), "people"],
      ["Profiles", number(store.profiles), "profiles"],
      ["Recorded lists", number(store.lists), "lists"],
      ["People forgotten", number(store.forgotten), "forgotten"],
    ]),
  );
}

export function showCoverage(coverage, offered) {
  const none = coverage.share === null;
  const bar = h("div", { class: "bar", "aria-hidden": "true" }, h("span"));
  bar.firstChild.style.inlineSize = `${100 * (coverage.share ?? 0)}%`;
  const since = none ? "" : new Date(1000 * coverage.since).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  at("coverage").replaceChildren(
    title("coverage", "Coverage"),
    h("p", { class: "figure", "data-name": "share" }, none ? "not known" : `${fixed(100 * coverage.share, 1)}%`),
    none ? "" : bar,
    h(
      "p",
      { class: "hint", "data-name": "shown" },
      none
        ? "No list was recorded yet: ask for lists with record: true."
        : `${number(coverage.items)} of ${counted(offered, "item")} on offer stand in the newest ${counted(coverage.lists, "recorded list")}, since ${since}.`,
    ),
  );
}

function table(caption, heads, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "hidden-text" }, caption),
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell))))),
    ),
  );
}

export function showRoutes(samples) {
  const rows = routesOf(samples).map((each) => [
    h("code", {}, each.route === "none" ? "no known path" : each.route),
    number(each.requests), number(each.refused), number(each.failed), withinText(each.median), withinText(each.slow),
  ]);
  const heads = ["Path", "Requests", "Refused", "Failed", "Half in", "95 in 100 in"];
  // a table that is read must not jump: focus and scrolling stay where they were
  const scrolled = at("routes").querySelector(".scroll");
  const [left, focused] = [scrolled?.scrollLeft ?? 0, scrolled === document.activeElement];
  const made = table("Requests by path", heads, rows);
  at("routes").replaceChildren(title("routes", "By path"), made);
  made.scrollLeft = left;
  if (focused && scrolled) made.focus();
}

// A mean a list with its interval; few lists tell of none.
function valued(estimate) {
  if (estimate?.value == null) return "—";
  const said = (value) => (value < 0 ? "−" : "") + fixed(Math.abs(value));
  const ends = estimate.low === null ? "" : ` (${said(estimate.low)} to ${said(estimate.high)})`;
  return said(estimate.value) + ends;
}

export function showPolicies(answer) {
  const heads = ["Policy", "Lists seen", "Places taken", "Taken a list", "Taken a list, had it shown all"];
  const rows = answer.policies.map((each) => [
    words(each.policy), number(each.seen), number(each.accepted), valued(each.acceptance), valued(each.self_normalised),
  ]);
  const said = `${counted(answer.recorded, "list")} recorded in ${answer.days} days, ${number(answer.seen)} of them seen; ${number(answer.evaluable)} tell of other policies too. In brackets 95% intervals.`;
  at("policies").hidden = false;
  at("policies").replaceChildren(
    title("policies", "Acceptance by policy"),
    answer.policies.length ? table("How each policy fared", heads, rows) : "",
    h("p", { class: "hint", "data-name": "said" }, said),
  );
}
