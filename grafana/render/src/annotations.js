// The dashboard's annotations that Prometheus answers: moments at which an expression begins to be above zero.

import { rangeUtil } from "@grafana/data";

export async function annotations(dashboard, panel, prometheus, variables) {
  const wanted = (dashboard.annotations?.list ?? []).filter(({ enable, expr, target, filter }) => {
    const here = !filter?.ids?.length || filter.ids.includes(panel.id) !== Boolean(filter.exclude);
    return enable !== false && (expr ?? target?.expr) && here;
  });
  const found = await Promise.all(
    wanted.map(async ({ expr, target, step, iconColor }) => {
      const seconds = rangeUtil.intervalToSeconds(step || target?.step || "60s");
      const series = await prometheus.moments(expr ?? target.expr, seconds, variables);
      return series
        .flatMap(({ values }) => starts(values, seconds))
        .map((time) => ({ time, color: iconColor }));
    }),
  );
  return found.flat();
}

function starts(values, step) {
  const positive = values.filter(([, value]) => Number(value) > 0).map(([time]) => time);
  return positive
    .filter((time, index) => index === 0 || time - positive[index - 1] > step)
    .map((time) => time * 1000);
}
