// Stand-in for the plugin "stat": the library's BigValue, repeated for each value.

import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from "@grafana/data";
import { BigValue, useTheme2, VizRepeater } from "@grafana/ui";

import { Empty } from "./empty.jsx";

export function StatPanel({ panel, frames, fieldConfig, width, height, prometheus, variables }) {
  const theme = useTheme2();
  const options = {
    graphMode: "area",
    colorMode: "value",
    justifyMode: "auto",
    textMode: "auto",
    ...panel.options,
  };
  const values = displayed(frames, fieldConfig, options, theme, variables);
  if (!values.length) return <Empty noValue={fieldConfig.defaults.noValue} />;
  return (
    <VizRepeater
      {...{ width, height, source: frames, renderCounter: 0, itemSpacing: 3 }}
      orientation={options.orientation ?? "auto"}
      autoGrid
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: wide, height: high, count, alignmentFactors }) => (
        <BigValue
          {...{ theme, width: wide, height: high, count, alignmentFactors }}
          value={value.display}
          sparkline={value.sparkline && { ...value.sparkline, timeRange: prometheus.timeRange }}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          text={options.text}
          disableWideLayout={options.wideLayout === false}
        />
      )}
    />
  );
}

/** One value for each series, or each row, as `reduceOptions` says. */
export function displayed(frames, fieldConfig, options, theme, variables) {
  if (!frames.some(({ length }) => length)) return [];
  return getFieldDisplayValues({
    data: frames,
    fieldConfig,
    reduceOptions: { calcs: ["lastNotNull"], ...options.reduceOptions },
    replaceVariables: (text) => variables.replace(text),
    sparkline: options.graphMode === "area" || options.graphMode === "line",
    theme,
    timeZone: "browser",
  });
}
