function drawCharts(data) {
  const seconds = data.curve.seconds;
  const sync = uPlot.sync("time");
  let plots = [];

  const day = (second) => second === null || second === undefined ? NONE : new Date(second * 1000).toISOString().slice(0, data.curve.daily ? 10 : 16).replace("T", " ");

  function options(width, height, format, log, axisSize) {
    const ink = cssColour("--soft");
    const grid = { stroke: cssColour("--line"), width: 1 };
    const line = (label, colour, dash) => ({
      label, stroke: colour, width: 1.6, dash, points: { show: false }, value: (_, v) => format(v),
    });
    return {
      width, height,
      tzDate: (second) => uPlot.tzDate(new Date(second * 1000), "Etc/UTC"),
      cursor: { sync: { key: sync.key }, drag: { x: true, y: false } },
      scales: { x: { time: true }, y: log ? { distr: 3 } : {} },
      axes: [
        { stroke: ink, grid, ticks: grid },
        { stroke: ink, grid, ticks: grid, size: axisSize, values: (_, ticks) => ticks.map((v) => v === null ? "" : format(v)) },
      ],
      series: [
        { label: "Date", value: (_, v) => day(v) },
        line(data.best.label, cssColour("--accent")),
        line("Buy and hold", cssColour("--other"), [6, 4]),
      ],
    };
  }

  const money = (v) => v === null || v === undefined ? NONE : COMPACT.format(v);
  const percent = (v) => v === null || v === undefined ? NONE : ONE_PERCENT.format(v);

  function draw() {
    plots.forEach((plot) => plot.destroy());
    const log = document.getElementById("log").checked;
    const curve = data.curve;
    plots = [
      ["equity", [seconds, curve.equity, curve.benchmark], money, log, 320],
      ["drawdown", [seconds, curve.drawdown, curve.benchmarkDrawdown], percent, false, 190],
    ].map(([id, values, format, logarithmic, height]) => {
      const place = document.getElementById(id);
      const tall = place.clientWidth < 520 ? height * 0.75 : height;
      return new uPlot(options(place.clientWidth, Math.round(tall), format, logarithmic, 62), values, place);
    });
  }

  const log = document.getElementById("log");
  const both = [...data.curve.equity, ...data.curve.benchmark];
  const least = both.reduce((a, b) => Math.min(a, b), Infinity);
  const most = both.reduce((a, b) => Math.max(a, b), 0);
  // A logarithm needs what is above zero, and pays where the curve grows manifold.
  log.disabled = least <= 0;
  log.checked = least > 0 && most > 8 * least;
  log.addEventListener("change", draw);
  draw();
  let width = document.getElementById("equity").clientWidth;
  new ResizeObserver(() => {
    const now = document.getElementById("equity").clientWidth;
    if (now !== width) { width = now; draw(); }
  }).observe(document.getElementById("equity"));
  return draw;
}
