function drawCurves(data) {
  const { curve, rolling, names } = data;
  const at = moment(data.daily);
  const time = { time: true, sync: "time", label: "Time", write: at };
  const log = document.getElementById("log");
  const both = [...curve.equity, ...curve.benchmark];
  const least = both.reduce((a, b) => Math.min(a, b), Infinity);
  const most = both.reduce((a, b) => Math.max(a, b), 0);
  // A logarithm needs what is above zero, and pays where the curve grows manifold.
  log.disabled = least <= 0;
  log.checked = least > 0 && most > 8 * least;
  const dashed = { dash: [6, 4] };

  const equity = keepDrawn("equity", (place, width) => {
    const others = curve.scenarios.map((found, k) => lineOf(`${found.name} fills`, k ? "--sell" : "--buy", money, { show: false, width: 1.2, dash: [2, 3] }));
    const series = [lineOf(names.run, "--accent", money), lineOf(names.benchmark, "--other", money, dashed), ...others];
    const values = [curve.seconds, curve.equity, curve.benchmark, ...curve.scenarios.map((found) => found.equity)];
    return new uPlot(plotOptions(width, 340, time, money, series, { y: log.checked ? { distr: 3 } : {} }), values, place);
  });
  log.addEventListener("change", equity);

  keepDrawn("drawdown", (place, width) => {
    const fill = { fill: cssColour("--band") };
    const series = [lineOf(names.run, "--accent", percent, fill), lineOf(names.benchmark, "--other", percent, dashed)];
    return new uPlot(plotOptions(width, 190, time, percent, series), [curve.seconds, curve.drawdown, curve.benchmarkDrawdown], place);
  });
  keepDrawn("exposure", (place, width) => {
    const series = [lineOf("Exposure", "--accent", percent, { fill: cssColour("--band"), width: 1, paths: uPlot.paths.stepped({ align: -1 }) })];
    const top = (_, low, high) => [0, Math.max(high ?? 0, 0.01) * 1.05];
    return new uPlot(plotOptions(width, 140, time, percent, series, { y: { range: top } }), [curve.seconds, curve.exposure], place);
  });
  if (!rolling) {
    document.getElementById("rolling-block").remove();
    return;
  }
  keepDrawn("rolling-sharpe", (place, width) => new uPlot(
    plotOptions(width, 150, time, decimal, [lineOf("Sharpe ratio", "--accent", decimal)]), [rolling.seconds, rolling.sharpe], place));
  keepDrawn("rolling-volatility", (place, width) => new uPlot(
    plotOptions(width, 150, time, percent, [lineOf("Volatility", "--accent", percent)]), [rolling.seconds, rolling.volatility], place));
}

function drawFan(fan, format) {
  const place = document.getElementById("fan");
  if (!fan) {
    place.remove();
    return;
  }
  const x = { label: "Trades", write: (v) => v === null || v === undefined ? NONE : WHOLE.format(v) };
  keepDrawn("fan", (where, width) => {
    const edge = { width: 0 };
    const [q5, q25, q50, q75, q95] = fan.quantiles;
    const series = [
      lineOf("95 %", "--median", format, edge), lineOf("5 %", "--median", format, edge),
      lineOf("75 %", "--median", format, edge), lineOf("25 %", "--median", format, edge),
      lineOf("Median", "--median", format, { dash: [6, 4] }), lineOf("As it came", "--accent", format),
    ];
    const bands = [{ series: [1, 2], fill: cssColour("--band") }, { series: [3, 4], fill: cssColour("--band-inner") }];
    return new uPlot(plotOptions(width, 260, x, format, series, { bands }), [fan.trades, q95, q5, q75, q25, q50, fan.actual], where);
  });
}
