// One panel: queries, transformations and field configuration by Grafana's libraries, the picture by a stand-in.

import { applyFieldOverrides, cacheFieldDisplayNames, LoadingState, transformDataFrame } from "@grafana/data";
import { PanelChrome, useTheme2 } from "@grafana/ui";
import { useEffect, useState } from "react";
import { firstValueFrom } from "rxjs";

import { annotations } from "./annotations.js";
import { properties } from "./grafana.js";
import { BarGaugePanel } from "./panels/bargauge.jsx";
import { StatPanel } from "./panels/stat.jsx";
import { StateTimelinePanel } from "./panels/statetimeline.jsx";
import { TablePanel } from "./panels/table.jsx";
import { TextPanel } from "./panels/text.jsx";
import { TimeSeriesPanel } from "./panels/timeseries.jsx";

const KINDS = {
  bargauge: BarGaugePanel,
  stat: StatPanel,
  "state-timeline": StateTimelinePanel,
  table: TablePanel,
  text: TextPanel,
  timeseries: TimeSeriesPanel,
};
const SETTLING = 500; // milliseconds: some pictures are drawn on a canvas after they were laid out

export function Panel({ panel, dashboard, prometheus, variables, width, height, onDrawn }) {
  const theme = useTheme2();
  const [answer, setAnswer] = useState({});
  const title = variables.replace(panel.title ?? "");
  useEffect(() => {
    read(panel, dashboard, prometheus, variables, width, theme)
      .catch((error) => ({ error: error.message }))
      .then((result) => {
        setAnswer(result);
        setTimeout(() => onDrawn({ title, type: panel.type, ...outcome(result, panel) }), SETTLING);
      });
  }, []);
  const Kind = KINDS[panel.type];
  return (
    <PanelChrome
      {...{ title, width, height }}
      padding={panel.type === "table" ? "none" : "md"}
      displayMode={panel.transparent ? "transparent" : "default"}
      description={panel.description}
      loadingState={answer.error ? LoadingState.Error : LoadingState.Done}
      statusMessage={answer.error}
    >
      {(innerWidth, innerHeight) =>
        answer.frames && (
          <Kind {...{ panel, ...answer, width: innerWidth, height: innerHeight, prometheus, variables }} />
        )
      }
    </PanelChrome>
  );
}

async function read(panel, dashboard, prometheus, variables, width, theme) {
  if (!KINDS[panel.type]) throw new Error(`there is no stand-in for a panel of type ${panel.type}`);
  const targets = (panel.targets ?? []).filter(({ hide }) => !hide);
  const several = targets.length > 1;
  const asked = targets.map((target) => prometheus.query(target, panel, width, variables, several));
  const found = (await Promise.all(asked)).flat();
  const context = { interpolate: (text) => variables.replace(text) };
  const data = await firstValueFrom(transformDataFrame(panel.transformations ?? [], found, context));
  const fieldConfig = configuration(panel);
  const frames = applyFieldOverrides({
    data,
    fieldConfig,
    fieldConfigRegistry: properties(fieldConfig),
    replaceVariables: (text) => variables.replace(text),
    theme,
    timeZone: "browser",
  });
  cacheFieldDisplayNames(frames);
  const marks = panel.type === "timeseries" ? await annotations(dashboard, panel, prometheus, variables) : [];
  return { frames, fieldConfig, marks };
}

/** The panel's field configuration over the defaults that its plugin would bring. */
function configuration(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const kind = KINDS[panel.type].defaults ?? {};
  return {
    defaults: {
      color: { mode: "thresholds" },
      thresholds: {
        mode: "absolute",
        steps: [
          { value: null, color: "green" },
          { value: 80, color: "red" },
        ],
      },
      mappings: [],
      ...kind,
      ...defaults,
      custom: { ...kind.custom, ...defaults.custom },
    },
    overrides,
  };
}

/** What shoot.js prints: whether somebody who looks at this panel sees anything. */
function outcome({ error, frames }, panel) {
  if (error) return { error };
  if (panel.type === "text") return { rows: 1, series: 1 };
  return { series: frames.length, rows: Math.max(0, ...frames.map(({ length }) => length)) };
}
