// The page: one dashboard of `window.dashboard` at the time and with the variables of the URL.
//
//   /?prometheus=http://127.0.0.1:9090&scrape=5&from=…&to=…&var-tenant=firm-001
//
// Tells shoot.js through `window.drawn`, once all panels stand, what became of each of them.

import "@fontsource/inter/400.css";
import "@fontsource/inter/500.css";
import "@fontsource/inter/600.css";
import "@fontsource/roboto-mono/400.css";
import { createTheme, dateTime, ThemeContext } from "@grafana/data";
import { initPluginTranslations } from "@grafana/i18n";
import { GlobalStyles } from "@grafana/ui";
import { createRoot } from "react-dom/client";

import { Dashboard } from "./dashboard.jsx";
import { register } from "./grafana.js";
import { Prometheus } from "./prometheus.js";
import { Variables } from "./variables.js";

const url = new URLSearchParams(window.location.search);
const [from, to] = ["from", "to"].map((name) => dateTime(Number(url.get(name))));
const timeRange = { from, to, raw: { from, to } };
const prometheus = new Prometheus(url.get("prometheus"), timeRange, Number(url.get("scrape")));

register();
await initPluginTranslations("render");
const variables = await Variables.of(window.dashboard, url, prometheus);

createRoot(document.getElementById("root")).render(
  <ThemeContext.Provider value={createTheme({ colors: { mode: url.get("theme") ?? "dark" } })}>
    <GlobalStyles />
    <Dashboard
      dashboard={window.dashboard}
      prometheus={prometheus}
      variables={variables}
      onDrawn={(panels) => {
        window.drawn = panels;
      }}
    />
  </ThemeContext.Provider>,
);
