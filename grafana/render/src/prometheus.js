// Asks Prometheus what Grafana's data source for it asks, and gives the answers the same shape.
//
// Steps, rate intervals, names of series and columns of tables follow that data source; there is no other reason
// for the shapes here.

import { createDataFrame, FieldType, rangeUtil } from "@grafana/data";

const MAX_POINTS = 11_000;

export class Prometheus {
  constructor(address, timeRange, scrapeInterval) {
    this.address = address;
    this.timeRange = timeRange;
    this.scrapeInterval = scrapeInterval;
  }

  /** The frames of one query of a panel that is `width` pixels wide. */
  async query(target, panel, width, variables, severalQueries) {
    const step = this.#step(target, panel, width);
    const times = { ...this.#times(step, target.interval), ...this.#range() };
    const expr = variables.replace(target.expr, times, "regex");
    const [start, end] = this.#aligned(step);
    const answer = target.instant
      ? await this.#get("query", { query: expr, time: end })
      : await this.#get("query_range", { query: expr, start, end, step });
    const series = answer.result;
    return target.format === "table"
      ? [table(series, target.refId, severalQueries)]
      : series.map((one) => frame(one, target, expr, series.length, step));
  }

  /** Times at which an annotation's expression has a value, by series. */
  async moments(expr, step, variables) {
    const [start, end] = this.#aligned(step);
    const query = variables.replace(expr, { ...this.#times(step), ...this.#range() }, "regex");
    return (await this.#get("query_range", { query, start, end, step })).result;
  }

  /** The values of a variable: label_values(metric, label) or query_result(expression). */
  async values(definition, variables) {
    const [, metric, label] = /^label_values\((?:(.*),)?\s*(\w+)\s*\)$/s.exec(definition) ?? [];
    const [start, end] = this.#aligned(1);
    if (label) {
      const match = metric ? { "match[]": variables.replace(metric, {}, "regex") } : {};
      return await this.#get(`label/${label}/values`, { ...match, start, end });
    }
    const [, expr] = /^query_result\((.*)\)$/s.exec(definition) ?? [];
    if (!expr) throw new Error(`this is no query of a variable that can be asked here: ${definition}`);
    const { result } = await this.#get("query", {
      query: variables.replace(expr, this.#range(), "regex"),
      time: end,
    });
    return result.map(({ metric: labels, value }) => `${naming(labels)} ${value[1]} ${value[0] * 1000}`);
  }

  #step(target, panel, width) {
    const { from, to } = this.timeRange;
    const points = Math.min(panel.maxDataPoints ?? width, MAX_POINTS);
    const interval = rangeUtil.roundInterval((to.valueOf() - from.valueOf()) / points) / 1000;
    return (
      Math.max(interval, this.#least(target.interval || panel.interval), 1) * (target.intervalFactor ?? 1)
    );
  }

  #least(interval) {
    return interval ? rangeUtil.intervalToSeconds(interval.replace(/^>/, "")) : this.scrapeInterval;
  }

  /** A query's own least step counts as the interval of scrapes. */
  #times(step, interval) {
    const scrape = this.#least(interval);
    const rate = Math.max(step + scrape, 4 * scrape);
    return { __interval: `${step}s`, __interval_ms: step * 1000, __rate_interval: `${rate}s` };
  }

  #range() {
    const seconds = Math.round((this.timeRange.to - this.timeRange.from) / 1000);
    return { __range: `${seconds}s`, __range_s: seconds, __range_ms: seconds * 1000 };
  }

  #aligned(step) {
    return [this.timeRange.from, this.timeRange.to].map(
      (time) => Math.floor(time.valueOf() / 1000 / step) * step,
    );
  }

  async #get(path, parameters) {
    const response = await fetch(`${this.address}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = await response.json();
    if (answer.status !== "success") throw new Error(answer.error);
    return answer.data;
  }
}

const points = ({ values, value }) => values ?? [value];
const number = (text) => Number(text.replace("Inf", "Infinity"));

/** One series, named by the query's legend or, where there is none, by its labels. */
function frame(series, target, expr, count, step) {
  const { __name__: metric, ...labels } = series.metric;
  const legend = target.legendFormat ?? "__auto";
  let displayNameFromDS;
  if (legend === "__auto") {
    displayNameFromDS = Object.keys(labels).length && count > 1 ? undefined : naming(series.metric) || expr;
  } else if (legend) {
    displayNameFromDS = legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => series.metric[label] ?? "");
  } else {
    displayNameFromDS = naming(series.metric) || expr;
  }
  const interval = target.instant ? {} : { interval: step * 1000 }; // a longer pause is a gap
  return createDataFrame({
    refId: target.refId,
    name: displayNameFromDS,
    fields: [
      {
        name: "Time",
        type: FieldType.time,
        config: interval,
        values: points(series).map(([time]) => time * 1000),
      },
      {
        name: metric ?? "Value",
        type: FieldType.number,
        labels,
        config: { displayNameFromDS },
        values: points(series).map(([, text]) => number(text)),
      },
    ],
  });
}

function naming({ __name__: name = "", ...labels }) {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length ? `${name}{${pairs.join(", ")}}` : name;
}

/** All series in one frame: a column of times, one for each label, and one of values. */
function table(series, refId, severalQueries) {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap((one) => points(one).map(([time, text]) => ({ ...one.metric, time, text })));
  return createDataFrame({
    refId,
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: rows.map(({ time }) => time * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        config: { filterable: true },
        values: rows.map((row) => row[label]),
      })),
      {
        name: severalQueries ? `Value #${refId}` : "Value",
        type: FieldType.number,
        config: {},
        values: rows.map(({ text }) => number(text)),
      },
    ],
  });
}
