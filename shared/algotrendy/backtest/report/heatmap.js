const MAP_METRICS = ["sharpe", "cagr", "total_return", "max_drawdown", "sortino", "calmar", "trades", "win_rate", "exposure"];
const MAP_SIDE = 40;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/* Part an axis into at most MAP_SIDE groups of neighbouring values. */
function groupsOf(values) {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const size = Math.ceil(distinct.length / MAP_SIDE);
  const groups = [];
  for (let i = 0; i < distinct.length; i += size) groups.push(distinct.slice(i, i + size));
  const place = new Map();
  groups.forEach((group, i) => group.forEach((value) => place.set(value, i)));
  return { names: groups.map((group) => group.length > 1 ? `${group[0]}–${group.at(-1)}` : `${group[0]}`), place };
}

/* Collect the metric of every run into cells[row][column]. */
function mapCells(data, { x, y, metric, symbol }) {
  const [px, py] = [data.parameters.indexOf(x), data.parameters.indexOf(y)];
  const column = data.columns.indexOf(metric);
  const across = groupsOf(data.combinations.map((values) => values[px]));
  const down = groupsOf(data.combinations.map((values) => values[py]));
  const cells = down.names.map(() => across.names.map(() => []));
  const count = data.combinations.length;
  data.values.forEach((row, i) => {
    if (symbol !== "" && data.symbols[Math.floor(i / count)] !== symbol) return;
    const value = row[column];
    if (value === null) return;
    const values = data.combinations[i % count];
    cells[down.place.get(values[py])][across.place.get(values[px])].push(value);
  });
  return { across: across.names, down: down.names, cells };
}

function drawMap(data) {
  const free = varied(data).map((p) => data.parameters[p]);
  if (free.length < 2) {
    document.getElementById("map-section").remove();
    return () => {};
  }
  const state = { x: free[0], y: free[1], metric: data.rankedBy, by: "median", symbol: data.symbols.length > 1 ? "" : data.symbols[0] };
  const readout = document.getElementById("map-readout");

  function controls() {
    const set = (name) => (value) => {
      if (name === "x" && value === state.y) state.y = state.x;
      if (name === "y" && value === state.x) state.x = state.y;
      state[name] = value;
      controls();
      draw();
      document.querySelector(`#map-controls [data-name="${name}"] select`).focus();
    };
    const named = free.map((name) => [name, name]);
    const made = [
      ["metric", choice("Colour", MAP_METRICS.map((name) => [name, labelOf(name)]), state.metric, set("metric"))],
      ["x", choice("Across", named, state.x, set("x"))],
      ["y", choice("Down", named, state.y, set("y"))],
      ["by", choice("Where runs share a cell", [["median", "their median"], ["best", "their highest"], ["worst", "their lowest"]], state.by, set("by"))],
    ];
    if (data.symbols.length > 1) {
      made.push(["symbol", choice("Symbol", [["", "all"], ...data.symbols.map((name) => [name, name])], state.symbol, set("symbol"))]);
    }
    made.forEach(([name, label]) => label.setAttribute("data-name", name));
    document.getElementById("map-controls").replaceChildren(...made.map(([, label]) => label));
  }

  function draw() {
    const { across, down, cells } = mapCells(data, state);
    const reduce = { median, best: (v) => v.reduce((a, b) => Math.max(a, b)), worst: (v) => v.reduce((a, b) => Math.min(a, b)) }[state.by];
    const values = cells.map((row) => row.map((cell) => cell.length ? reduce(cell) : null));
    const all = values.flat().filter((value) => value !== null);
    if (!all.length) {
      document.getElementById("map").replaceChildren(element("p", { class: "readout" }, `No run has a ${labelOf(state.metric)}.`));
      readout.textContent = "";
      return;
    }
    const { low, high, colour } = scaleOf(all);
    const wordy = across.length <= 16;
    const table = element("table", { class: wordy ? "map wordy" : "map" });
    table.append(element("caption", {}, `${labelOf(state.metric)}: ${state.y} down, ${state.x} across`));
    const say = (r, c) => {
      const count = cells[r][c].length;
      const what = count ? `${labelOf(state.metric)} ${shown(state.metric, values[r][c])}` : "no run";
      const of = count > 1 ? ` (${{ median: "median", best: "highest", worst: "lowest" }[state.by]} of ${count} runs)` : "";
      return `${state.x} ${across[c]}, ${state.y} ${down[r]}: ${what}${of}`;
    };
    const every = Math.ceil(across.length / 20);
    table.append(element("thead", {}, element("tr", {},
      element("th", { scope: "col" }, `${state.y} \\ ${state.x}`),
      ...across.map((name, c) => element("th", { scope: "col" }, wordy || c % every === 0 ? name.split("–")[0] : "")))));
    const body = element("tbody");
    values.forEach((row, r) => {
      body.append(element("tr", {}, element("th", { scope: "row" }, down[r]), ...row.map((value, c) => {
        const cell = element("td", { "data-r": r, "data-c": c, tabindex: r || c ? "-1" : "0", "aria-label": say(r, c) });
        if (value === null) cell.className = "none";
        else {
          const rgb = colour(value);
          cell.style.background = `rgb(${rgb.join(" ")})`;
          cell.style.color = inkOn(rgb);
          if (wordy) cell.textContent = shown(state.metric, value);
          if (value === high) cell.className = "top";
        }
        return cell;
      })));
    });
    const tell = (event) => {
      const cell = event.target.closest("td");
      if (cell) readout.textContent = say(+cell.dataset.r, +cell.dataset.c);
    };
    body.addEventListener("pointerover", tell);
    body.addEventListener("focusin", tell);
    body.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const cell = event.target.closest("td");
      if (!step || !cell) return;
      event.preventDefault();
      const next = body.rows[+cell.dataset.r + step[0]]?.cells[+cell.dataset.c + 1 + step[1]];
      if (next?.tagName !== "TD") return;
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    table.append(body);
    const bar = element("i");
    const stops = Array.from({ length: 11 }, (_, i) => `rgb(${colour(low + (high - low) * i / 10).join(" ")})`);
    bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    const scale = element("div", { class: "scale", "aria-hidden": "true" }, shown(state.metric, low), bar, shown(state.metric, high), element("span", {}, "\u00a0 hatched: no run"));
    document.getElementById("map").replaceChildren(table, scale);
    readout.textContent = "Point at a cell, or move through the cells with the arrow keys.";
  }

  controls();
  draw();
  return draw;
}
