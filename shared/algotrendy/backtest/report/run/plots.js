const minus = (text) => text.replace("-", "−");
const money = (v) => v === null || v === undefined ? NONE : minus(COMPACT.format(v));
const percent = (v) => v === null || v === undefined ? NONE : minus(ONE_PERCENT.format(v));
const decimal = (v) => v === null || v === undefined ? NONE : minus(TWO.format(v));
const PRICE = new Intl.NumberFormat("en", { maximumSignificantDigits: 7 });
const price = (v) => v === null || v === undefined ? NONE : PRICE.format(v);
const moment = (daily) => (second) => second === null || second === undefined ? NONE : new Date(second * 1000).toISOString().slice(0, daily ? 10 : 16).replace("T", " ");

/* What has been drawn, so that it can be drawn again in other colours and widths. */
const DRAWN = new Map();

function keepDrawn(id, make) {
  const place = document.getElementById(id);
  let made = null;
  const draw = () => {
    if (made?.destroy) made.destroy();
    made = make(place, place.clientWidth);
  };
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  DRAWN.set(id, draw);
  draw();
  return draw;
}

const redrawAll = () => DRAWN.forEach((draw) => draw());

function lineOf(label, colour, format, more = {}) {
  return { label, stroke: cssColour(colour), width: 1.6, points: { show: false }, value: (_, v) => format(v), ...more };
}

/* How times are written on an axis, by the distance of its marks in seconds. */
const AXIS_TIMES = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
];

/* Options that all plots share; x says how its values are written, time or number. */
function plotOptions(width, height, x, format, series, more = {}) {
  const [ink, grid] = [cssColour("--soft"), { stroke: cssColour("--line"), width: 1 }];
  const written = (_, ticks) => ticks.map((v) => v === null ? "" : format(v));
  return {
    width, height: Math.round(width < 520 ? height * 0.8 : height),
    tzDate: (second) => uPlot.tzDate(new Date(second * 1000), "Etc/UTC"),
    cursor: { drag: { x: true, y: false }, ...(x.sync ? { sync: { key: x.sync } } : {}), ...more.cursor },
    scales: { x: { time: x.time === true, ...(x.range ? { range: x.range } : {}) }, y: more.y ?? {} },
    axes: [
      { stroke: ink, grid, ticks: grid, ...(x.time ? { values: AXIS_TIMES } : {}), ...(x.ticks ? { values: x.ticks } : {}), ...(x.space ? { space: x.space } : {}) },
      { stroke: ink, grid, ticks: grid, size: 64, values: written },
    ],
    series: [{ label: x.label, value: (_, v) => x.write(v) }, ...series],
    bands: more.bands ?? [],
    hooks: more.hooks ?? {},
    legend: { show: more.legend !== false },
    padding: [8, 8, 0, 0],
  };
}

/* Bars of one or two values each as SVG, with what they say under the pointer. */
function drawBars(place, width, { labels, groups, colours, format, say, height = 210, between }) {
  const [left, right, top, floor] = [56, 8, 8, height - 22];
  const values = groups.flat().filter((value) => value !== null);
  let [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  if (low === high) high = low + 1;
  const y = (value) => top + ((high - value) / (high - low)) * (floor - top);
  const step = (width - left - right) / labels.length;
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const add = (tag, attributes, text) => {
    const made = document.createElementNS(namespace, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, height, class: "bars", role: "img" })) svg.setAttribute(name, value);
  const readout = element("p", { class: "readout" }, "\u00a0");
  for (const tick of ticksBetween(low, high)) {
    add("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: tick === 0 ? "zero" : "" });
    add("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, format(tick));
  }
  const every = Math.ceil((between ?? 46) / step);
  groups.forEach((group, i) => {
    const room = Math.max(1, step * 0.8) / group.length;
    group.forEach((value, k) => {
      if (value === null) return;
      const [from, to] = [y(Math.max(value, 0)), y(Math.min(value, 0))];
      const bar = add("rect", { x: left + i * step + step * 0.1 + k * room, y: from, width: Math.max(0.75, room - (room > 4 ? 1 : 0)), height: Math.max(value ? 1 : 0, to - from), class: colours[k] });
      bar.addEventListener("pointerenter", () => { readout.textContent = say(i); });
    });
    if (i % every === 0) add("text", { x: left + (i + 0.5) * step, y: height - 5, "text-anchor": "middle" }, labels[i]);
  });
  svg.setAttribute("aria-label", groups.length <= 60 ? groups.map((_, i) => say(i)).join("; ") : "Bars");
  place.replaceChildren(svg, readout);
  return null;
}

/* Round numbers between two, about four of them. */
function ticksBetween(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) found.push(k * step + 0);
  return found;
}
