// Stand-in for the plugin "timeseries": the library's TimeSeries, with lines for annotations.

import { FieldType } from "@grafana/data";
import { TimeSeries, useTheme2 } from "@grafana/ui";

import { Empty } from "./empty.jsx";

export function TimeSeriesPanel({ panel, frames, fieldConfig, marks, width, height, prometheus }) {
  const theme = useTheme2();
  if (!frames.some(({ length }) => length)) return <Empty noValue={fieldConfig.defaults.noValue} />;
  return (
    <TimeSeries
      {...{ frames: frames.map(finite), width, height, timeRange: prometheus.timeRange }}
      timeZone="browser"
      legend={{
        showLegend: true,
        displayMode: "list",
        placement: "bottom",
        calcs: [],
        ...panel.options?.legend,
      }}
      options={panel.options}
    >
      {(config) => {
        config.addHook("draw", (plot) => draw(plot, marks, theme));
      }}
    </TimeSeries>
  );
}

TimeSeriesPanel.defaults = {
  color: { mode: "palette-classic" },
  custom: {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: 0,
    showPoints: "auto",
    pointSize: 5,
    spanNulls: false,
  },
};

/** What is no number or infinite is a gap, as in the plugin: a scale cannot hold it. */
function finite(frame) {
  const gapped = (value) => (Number.isFinite(value) ? value : null);
  const fields = frame.fields.map((field) =>
    field.type === FieldType.number ? { ...field, values: field.values.map(gapped) } : field,
  );
  return { ...frame, fields };
}

function draw(plot, marks, theme) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([5, 5]);
  for (const { time, color } of marks) {
    const x = plot.valToPos(time, "x", true);
    ctx.strokeStyle = theme.visualization.getColorByName(color ?? "blue");
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
