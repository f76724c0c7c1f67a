function binned(values, count) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const width = (high - low) / count || 1;
  const counts = new Array(count).fill(0);
  for (const value of values) counts[Math.min(count - 1, Math.floor((value - low) / width))] += 1;
  return { low, width, counts };
}

function drawSpread(data) {
  const place = data.columns.indexOf(data.rankedBy);
  const values = data.values.map((row) => row[place]).filter((value) => value !== null);
  const best = data.best.statistics[place];
  const benchmark = data.benchmark[place];
  if (values.length < 8) {
    document.getElementById("spread-section").remove();
    return;
  }
  const marks = [best, benchmark].filter((value) => value !== null);
  const { low, width, counts } = binned(values, Math.min(60, Math.max(12, Math.round(Math.sqrt(values.length) * 1.5))));
  const [from, to] = [Math.min(low, ...marks), Math.max(low + width * counts.length, ...marks)];
  const [W, H, floor, top] = [1000, 130, 129, 8];
  const x = (value) => 8 + ((value - from) / (to - from || 1)) * (W - 16);
  const tallest = Math.max(...counts);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const add = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const words = `${WHOLE.format(values.length)} runs with a ${labelOf(data.rankedBy)} ratio: median ${shown("sharpe", median)}, best ${shown("sharpe", best)}, buy and hold ${shown("sharpe", benchmark)}.`;
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "spread");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  counts.forEach((count, i) => {
    const height = (count / tallest) * (floor - top);
    const left = x(low + i * width);
    add("rect", { x: left, y: floor - height, width: Math.max(1, x(low + (i + 1) * width) - left - 1), height });
  });
  add("line", { x1: 0, x2: W, y1: floor, y2: floor });
  add("line", { class: "mark best", x1: x(best), x2: x(best), y1: top - 6, y2: floor });
  if (benchmark !== null) add("line", { class: "mark benchmark", x1: x(benchmark), x2: x(benchmark), y1: top - 6, y2: floor });
  const ends = element("div", { class: "ends" }, element("span", {}, shown("sharpe", from)), element("span", {}, shown("sharpe", to)));
  const key = element("div", { class: "key" },
    element("span", { class: "best" }, `Best ${shown("sharpe", best)}`),
    element("span", { class: "benchmark" }, `Buy and hold ${shown("sharpe", benchmark)}`),
    `Median of all ${shown("sharpe", median)}`);
  document.getElementById("spread").replaceChildren(key, svg, ends);
}
