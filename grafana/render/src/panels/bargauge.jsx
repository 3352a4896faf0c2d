// Stand-in for the plugin "bargauge": the library's BarGauge, repeated for each value.

import { getDisplayValueAlignmentFactors } from "@grafana/data";
import { BarGauge, useTheme2, VizRepeater } from "@grafana/ui";

import { Empty } from "./empty.jsx";
import { displayed } from "./stat.jsx";

export function BarGaugePanel({ panel, frames, fieldConfig, width, height, variables }) {
  const theme = useTheme2();
  const options = { displayMode: "gradient", showUnfilled: true, valueMode: "color", ...panel.options };
  const values = displayed(frames, fieldConfig, { ...options, graphMode: "none" }, theme, variables);
  if (!values.length) return <Empty noValue={fieldConfig.defaults.noValue} />;
  const orientation =
    options.orientation && options.orientation !== "auto" ? options.orientation : "horizontal";
  return (
    <VizRepeater
      {...{ width, height, orientation, source: frames, renderCounter: 0 }}
      itemSpacing={options.displayMode === "lcd" ? 2 : 10}
      minVizHeight={options.minVizHeight ?? 16}
      maxVizHeight={options.maxVizHeight ?? 300}
      minVizWidth={options.minVizWidth ?? 8}
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: wide, height: high, alignmentFactors }) => (
        <BarGauge
          {...{ theme, orientation, alignmentFactors, width: wide, height: high }}
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          displayMode={options.displayMode}
          showUnfilled={options.showUnfilled}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          text={options.text}
          isOverflow={false}
        />
      )}
    />
  );
}
