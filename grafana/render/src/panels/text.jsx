// Stand-in for the plugin "text".

import { renderMarkdown } from "@grafana/data";

export function TextPanel({ panel, variables }) {
  const { content = "", mode = "markdown" } = panel.options ?? {};
  const text = variables.replace(content);
  const html = mode === "markdown" ? renderMarkdown(text) : text;
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}
