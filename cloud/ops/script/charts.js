// One chart for each reading of a device, drawn from what the server has already cut down to as many points as fit.
// The table under the charts says the same without a script.
const charts = document.getElementById("charts");
const dark = matchMedia("(prefers-color-scheme: dark)");
const DIVISOR = { temperature_millidegrees: 1000, weighing: 1000 };
const UNIT = { weighing: "kg", zero_drift_grams: "g", journal_pending: "", battery_percent: "%", signal_dbm: "dBm", temperature_millidegrees: "°C" };

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { line: of("--seal"), wash: of("--line"), ink: of("--ink"), soft: of("--soft"), card: of("--card") };
}

function pointsOf(found, name) {
  const divisor = DIVISOR[name] || 1;
  if (name === "weighing") return found.weighed.weighing.map(([start, , grams]) => [start, grams / divisor]);
  return found.readings[name].map(([start, least, mean, most]) => [start, mean / divisor, least / divisor, most / divisor]);
}

function optionOf(found, name) {
  const { line, wash, ink, soft, card } = colours();
  const points = pointsOf(found, name);
  const axis = { axisLine: { lineStyle: { color: wash } }, axisLabel: { color: soft, hideOverlap: true }, splitLine: { lineStyle: { color: wash } } };
  return {
    animation: false,
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", backgroundColor: card, borderColor: wash, textStyle: { color: ink },
      valueFormatter: (value) => `${value} ${UNIT[name]}`,
    },
    xAxis: { type: "time", min: found.span.from_ms, max: found.span.to_ms, ...axis, splitLine: { show: false } },
    yAxis: { type: "value", scale: name !== "weighing", ...axis },
    series: [
      name === "weighing"
        ? { type: "bar", data: points, itemStyle: { color: line }, barMaxWidth: 12, large: true }
        : { type: "line", data: points.map(([at, mean]) => [at, mean]), showSymbol: points.length < 60, symbolSize: 4, lineStyle: { color: line, width: 1.5 }, itemStyle: { color: line } },
    ],
  };
}

function draw(found) {
  for (const element of charts.querySelectorAll("[data-reading]")) {
    const chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "canvas" });
    chart.setOption(optionOf(found, element.dataset.reading), true);
    element.dataset.points = pointsOf(found, element.dataset.reading).length;
    new ResizeObserver(() => chart.resize()).observe(element);
  }
}

async function load() {
  const { readings, from, to } = charts.dataset;
  const answer = await fetch(`${readings}?from_ms=${from}&to_ms=${to}`);
  if (!answer.ok) throw new Error(answer.statusText);
  const found = await answer.json();
  draw(found);
  dark.addEventListener("change", () => draw(found));
}

load().catch(() => {
  document.getElementById("charts-trouble").hidden = false;
});
