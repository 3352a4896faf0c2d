// Stand-in for the plugin "state-timeline": one line for each series, a bar for as long as its text stays.
//
// The library has nothing for it, so this is drawn here: close in look, and the only picture in which nothing but
// texts and colours comes from Grafana's code.

import { FieldType, formattedValueToString, getFieldDisplayName } from "@grafana/data";
import { useTheme2 } from "@grafana/ui";

import { Empty } from "./empty.jsx";

const AXIS = 24;
const TICK_EVERY = 110; // pixels

export function StateTimelinePanel({ panel, frames, fieldConfig, width, height, prometheus }) {
  const theme = useTheme2();
  const lines = frames.flatMap((frame) => series(frame, frames));
  if (!lines.length) return <Empty noValue={fieldConfig.defaults.noValue} />;
  const names = Math.min(200, 14 + 6.5 * Math.max(...lines.map(({ name }) => name.length)));
  const { from, to } = prometheus.timeRange;
  const scale = (width - names) / (to - from);
  const each = (height - AXIS) / lines.length;
  const thick = each * (panel.options?.rowHeight ?? 0.9);
  const text = { fontSize: 12, overflow: "hidden", whiteSpace: "nowrap", position: "absolute" };
  const ticks = Math.max(1, Math.floor((width - names) / TICK_EVERY));
  return (
    <div style={{ position: "relative", width, height, color: theme.colors.text.primary }}>
      {lines.map(({ name, bars }, row) => (
        <div key={row}>
          <div
            style={{
              ...text,
              top: row * each,
              width: names - 8,
              lineHeight: `${each}px`,
              textAlign: "right",
            }}
          >
            {name}
          </div>
          {bars.map(({ start, end, label, color }, index) => (
            <div
              key={index}
              style={{
                ...text,
                top: row * each + (each - thick) / 2,
                left: names + Math.max(0, start - from) * scale,
                width: Math.max(
                  1,
                  (Math.min(end, to.valueOf()) - Math.max(start, from.valueOf())) * scale - 1,
                ),
                height: thick,
                lineHeight: `${thick}px`,
                background: color,
                color: theme.colors.getContrastText(color),
                paddingLeft: 4,
              }}
            >
              {panel.options?.showValue === "never" || (end - start) * scale < 6.5 * label.length
                ? ""
                : label}
            </div>
          ))}
        </div>
      ))}
      {Array.from({ length: ticks }, (_, tick) => (
        <div
          key={tick}
          style={{ ...text, bottom: 0, left: names + ((tick + 0.5) * (width - names)) / ticks - 16 }}
        >
          {from
            .clone()
            .add(((tick + 0.5) * (to - from)) / ticks, "ms")
            .format("HH:mm")}
        </div>
      ))}
    </div>
  );
}

StateTimelinePanel.defaults = { color: { mode: "continuous-GrYlRd" } };

function series(frame, frames) {
  const times = frame.fields.find(({ type }) => type === FieldType.time)?.values;
  if (!times?.length) return [];
  const fields = frame.fields.filter(
    ({ type, config }) => type !== FieldType.time && !config.custom?.hideFrom?.viz,
  );
  return fields.map((field) => ({
    name: getFieldDisplayName(field, frame, frames),
    bars: bars(times, field),
  }));
}

function bars(times, field) {
  const step = Math.min(...times.slice(1).map((time, index) => time - times[index]), Infinity);
  const found = [];
  times.forEach((start, index) => {
    const value = field.values[index];
    if (value === null || value === undefined) return;
    const shown = field.display(value);
    const label = formattedValueToString(shown);
    const end = start + (Number.isFinite(step) ? step : 0);
    const last = found.at(-1);
    if (last && last.label === label && start - last.end < step) last.end = end;
    else found.push({ start, end, label, color: shown.color });
  });
  return found;
}
