// A dashboard's head, its rows and its panels, where `gridPos` puts them in Grafana's grid.

import { useRef } from "react";
import { useTheme2 } from "@grafana/ui";

import { Panel } from "./panel.jsx";

const COLUMNS = 24;
const CELL = 30;
const GAP = 8;
const MARGIN = 16;

export function Dashboard({ dashboard, prometheus, variables, onDrawn }) {
  const theme = useTheme2();
  const width = document.documentElement.clientWidth - 2 * MARGIN;
  const places = repeated(visible(dashboard.panels), variables);
  const states = useRef(new Map());
  const drawn = (index) => (state) => {
    states.current.set(index, state);
    const panels = places.filter(({ panel }) => panel.type !== "row");
    if (states.current.size === panels.length) onDrawn([...states.current.values()]);
  };
  const height = Math.max(0, ...places.map(({ at }) => (at.y + at.h) * (CELL + GAP)));
  return (
    <div
      style={{
        background: theme.colors.background.canvas,
        minHeight: "100vh",
        padding: MARGIN,
        boxSizing: "border-box",
      }}
    >
      <Head dashboard={dashboard} prometheus={prometheus} variables={variables} />
      <div style={{ position: "relative", height, width }}>
        {places.map(({ panel, at, variables: own }, index) => (
          <div key={index} style={{ position: "absolute", ...box(at, width) }}>
            {panel.type === "row" ? (
              <Row panel={panel} variables={own} />
            ) : (
              <Panel
                {...{ panel, dashboard, prometheus, variables: own, onDrawn: drawn(index) }}
                width={box(at, width).width}
                height={box(at, width).height}
              />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function box({ x, y, w, h }, width) {
  const column = (width - GAP * (COLUMNS - 1)) / COLUMNS;
  return {
    left: Math.round(x * (column + GAP)),
    top: y * (CELL + GAP),
    width: Math.round(w * (column + GAP) - GAP),
    height: h * (CELL + GAP) - GAP,
  };
}

/** What a collapsed row hides is not drawn: a person sees it only after a click. */
function visible(panels) {
  return panels.map((panel) => (panel.collapsed ? { ...panel, panels: undefined } : panel));
}

/** Each panel with its place; one that repeats, for each value of its variable, in lines of `maxPerRow`. */
function repeated(panels, variables) {
  return panels.flatMap((panel) => {
    if (!panel.repeat) return [{ panel, at: panel.gridPos, variables }];
    const { x, y, w, h } = panel.gridPos;
    const values = variables.values(panel.repeat);
    const across = panel.repeatDirection === "v" ? 1 : Math.min(panel.maxPerRow ?? 4, values.length);
    const wide = panel.repeatDirection === "v" ? w : Math.floor(COLUMNS / across);
    return values.map((value, index) => ({
      panel,
      at: { x: x + (index % across) * wide, y: y + Math.floor(index / across) * h, w: wide, h },
      variables: variables.with(panel.repeat, value),
    }));
  });
}

function Row({ panel, variables }) {
  const theme = useTheme2();
  const count = panel.collapsed ? " (collapsed)" : "";
  return (
    <div style={{ ...theme.typography.h5, color: theme.colors.text.primary, lineHeight: "30px" }}>
      {panel.collapsed ? "›" : "⌄"} {variables.replace(panel.title ?? "")}
      <span style={{ color: theme.colors.text.secondary }}>{count}</span>
    </div>
  );
}

function Head({ dashboard, prometheus, variables }) {
  const theme = useTheme2();
  const { from, to } = prometheus.timeRange;
  const pill = {
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default,
    padding: "3px 8px",
    fontSize: 12,
  };
  return (
    <div
      style={{
        display: "flex",
        gap: GAP,
        alignItems: "center",
        height: 28,
        marginBottom: 12,
        color: theme.colors.text.primary,
      }}
    >
      <div style={{ ...theme.typography.h4, marginRight: GAP }}>{dashboard.title}</div>
      {variables.shown.map(({ name, text }) => (
        <div key={name} style={pill}>
          <span style={{ color: theme.colors.text.secondary }}>{name}</span> {text}
        </div>
      ))}
      <div style={{ flex: 1 }} />
      {(dashboard.links ?? []).map((link, index) => (
        <div key={index} style={{ ...pill, color: theme.colors.text.link }}>
          {link.title || link.tags?.join(", ")}
        </div>
      ))}
      <div style={pill}>{`${from.format("HH:mm")} to ${to.format("HH:mm")}`}</div>
    </div>
  );
}
