// The dashboard's variables with the values that the URL gives, else those that Grafana would choose.

const ALL = "$__all";
const list = (value) => (Array.isArray(value) ? value : [value]);
const escaped = (text) => String(text).replace(/[\\^$*+?.()|[\]{}]/g, "\\\\$&");

const FORMATS = {
  raw: (values) => values.join(","),
  csv: (values) => values.join(","),
  pipe: (values) => values.join("|"),
  text: (values) => values.join(" + "),
  regex: (values) => (values.length === 1 ? escaped(values[0]) : `(${values.map(escaped).join("|")})`),
  percentencode: (values) => values.map(encodeURIComponent).join(","),
  queryparam: (values, name) => values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join("&"),
};

export class Variables {
  #values = {};
  #fixed = {};
  shown = [];

  static async of(dashboard, url, prometheus) {
    const variables = new Variables();
    for (const variable of dashboard.templating?.list ?? []) await variables.#add(variable, url, prometheus);
    return variables;
  }

  async #add(variable, url, prometheus) {
    const { name, type, label, hide, allValue } = variable;
    const options = type === "query" ? await queried(variable, prometheus, this) : offered(variable);
    const given = url.getAll(`var-${name}`);
    const current = list(variable.current?.value ?? []).filter((value) => value !== "");
    const chosen = given.length ? given : current.length ? current : options.slice(0, 1);
    const all = chosen.includes(ALL) || (chosen.length === 1 && chosen[0] === "All");
    this.#values[name] = all ? options : chosen;
    if (all && allValue) this.#fixed[name] = allValue;
    if (!hide || hide === "dontHide" || hide === "hideLabel") {
      this.shown.push({ name: label || name, text: all ? "All" : chosen.join(" + ") });
    }
  }

  /** `text` with `$name`, `${name}`, `${name:format}` and `[[name]]` replaced; what nobody knows stays. */
  replace(text, more = {}, format = "raw") {
    return text.replace(
      /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g,
      (whole, braced, asked, plain, old) => {
        const name = braced ?? plain ?? old;
        if (name in more) return String(more[name]);
        if (name in this.#fixed && !asked) return this.#fixed[name];
        if (!(name in this.#values)) return whole;
        return (FORMATS[asked ?? format] ?? FORMATS.raw)(this.#values[name], name);
      },
    );
  }

  values(name) {
    return this.#values[name] ?? [];
  }

  /** The same variables, one of them narrowed to one value, as a repeated panel has it. */
  with(name, value) {
    const variables = new Variables();
    variables.#values = { ...this.#values, [name]: [value] };
    variables.#fixed = Object.fromEntries(Object.entries(this.#fixed).filter(([key]) => key !== name));
    return variables;
  }
}

function offered({ type, query, options }) {
  if (type === "datasource") return ["Prometheus"];
  if (options?.length) return options.map(({ value }) => value).filter((value) => value !== ALL);
  return typeof query === "string" ? query.split(/\s*,\s*/) : [];
}

async function queried({ query, regex, sort }, prometheus, variables) {
  const definition = typeof query === "string" ? query : query.query;
  const found = await prometheus.values(definition, variables);
  const pattern = regex ? new RegExp(regex.replace(/^\/|\/[a-z]*$/g, "")) : null;
  const values = found.flatMap((value) => {
    const match = pattern?.exec(value);
    return !pattern ? [value] : match ? [match.groups?.value ?? match[1] ?? match[0]] : [];
  });
  return sort ? [...new Set(values)].sort() : [...new Set(values)];
}
