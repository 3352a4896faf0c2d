// Stand-in for the plugin "table": the library's TableNG, all in one frame.

import { TableNG } from "@grafana/ui/unstable";

import { Empty } from "./empty.jsx";

export function TablePanel({ panel, frames, fieldConfig, width, height, prometheus }) {
  const frame = frames[panel.options?.frameIndex ?? 0];
  if (!frame?.length) return <Empty noValue={fieldConfig.defaults.noValue} />;
  return (
    <TableNG
      {...{ width, height, fieldConfig, data: wrapped(frame), timeRange: prometheus.timeRange }}
      noHeader={panel.options?.showHeader === false}
      cellHeight={panel.options?.cellHeight ?? "sm"}
      initialSortBy={panel.options?.sortBy ?? []}
      enablePagination={panel.options?.footer?.enablePagination ?? panel.options?.enablePagination}
      frozenColumns={panel.options?.frozenColumns?.left ?? 0}
      enableVirtualization={false}
      structureRev={1}
    />
  );
}

TablePanel.defaults = { custom: { align: "auto", cellOptions: { type: "auto" } } };

/** Wrapping belonged to a cell's options before version 12: the plugin moves it, for dashboards of older schemas. */
function wrapped(frame) {
  const fields = frame.fields.map((field) => {
    const { custom = {} } = field.config;
    const wrapText = custom.wrapText ?? custom.cellOptions?.wrapText;
    return { ...field, config: { ...field.config, custom: { ...custom, wrapText } } };
  });
  return { ...frame, fields };
}
