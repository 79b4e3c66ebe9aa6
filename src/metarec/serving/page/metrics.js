// Prometheus' text as numbers: counts by label, and times from a histogram's buckets.

const LINE = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export function parsed(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    if (!name || line.startsWith("#")) continue;
    const said = Object.fromEntries([...labels.matchAll(LABEL)].map(([, key, told]) => [key, told]));
    samples.push({ name, labels: said, value: value === "+Inf" ? Infinity : Number(value) });
  }
  return samples;
}

export const sumOf = (samples, name, holds = () => true) =>
  samples.filter((each) => each.name === name && holds(each.labels)).reduce((sum, each) => sum + each.value, 0);

// Counts of requests up to each bound in seconds, summed over the routes that `holds` names.
export function histogramOf(samples, holds = () => true) {
  const buckets = new Map();
  for (const { name, labels, value } of samples) {
    if (name !== "metarec_request_seconds_bucket" || !holds(labels)) continue;
    const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return [...buckets].sort(([a], [b]) => a - b);
}

// The smallest bound that so large a share of requests stays within; null without any.
export function quantile(histogram, share) {
  const count = histogram.at(-1)?.[1] ?? 0;
  if (!count) return null;
  return histogram.find(([, within]) => within >= share * count)[0];
}

export function withinText(bound) {
  if (bound === null) return "none yet";
  if (bound === Infinity) return "above 10 s";
  return bound < 1 ? `≤ ${+(1000 * bound).toPrecision(3)} ms` : `≤ ${bound} s`;
}

// What each route answered: [route, requests, errors of ours, refusals, median, 95 in a hundred].
export function routesOf(samples) {
  const names = new Set(samples.filter((each) => each.name === "metarec_requests_total").map((each) => each.labels.route));
  return [...names]
    .map((route) => {
      const of = (labels) => labels.route === route;
      const histogram = histogramOf(samples, of);
      return {
        route,
        requests: sumOf(samples, "metarec_requests_total", of),
        failed: sumOf(samples, "metarec_requests_total", (labels) => of(labels) && labels.status >= "500"),
        refused: sumOf(samples, "metarec_requests_total", (labels) => of(labels) && labels.status >= "400" && labels.status < "500"),
        median: quantile(histogram, 0.5),
        slow: quantile(histogram, 0.95),
      };
    })
    .sort((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1));
}
