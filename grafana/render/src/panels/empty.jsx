// What a panel without data says.

import { useTheme2 } from "@grafana/ui";

export function Empty({ noValue }) {
  const theme = useTheme2();
  return (
    <div
      style={{ display: "grid", placeItems: "center", height: "100%", color: theme.colors.text.secondary }}
    >
      {noValue ?? "No data"}
    </div>
  );
}
