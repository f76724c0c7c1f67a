const PAGE_SIZES = [25, 100, 500];
const COLUMN_ORDER = ["sharpe", "cagr", "total_return", "max_drawdown", "volatility", "sortino", "calmar", "trades", "win_rate",
  "profit_factor", "exposure", "turnover", "final_equity", "fees", "drawdown_bars", "orders_cut", "orders_unfilled"];

function drawTable(data) {
  const count = data.combinations.length;
  const columns = [
    { name: "run", label: labelOf("run"), read: (i) => i + 1, ascendingFirst: true },
    { name: "symbol", label: labelOf("symbol"), read: (i) => data.symbols[Math.floor(i / count)], ascendingFirst: true },
    ...varied(data).map((p) => [data.parameters[p], p]).map(([name, p]) => ({ name: `parameter ${name}`, label: name, read: (i) => data.combinations[i % count][p], ascendingFirst: true })),
    ...COLUMN_ORDER.map((name) => {
      const place = data.columns.indexOf(name);
      return { name, label: labelOf(name), read: (i) => data.values[i][place], ascendingFirst: false };
    }),
  ];
  const state = { sort: columns.find((column) => column.name === data.rankedBy), descending: true, page: 0, size: PAGE_SIZES[0] };
  let places = [];

  const table = document.getElementById("table");
  const body = element("tbody");
  const heads = columns.map((column) => element("th", { scope: "col" }, element("button", { type: "button", onclick: () => sortBy(column) }, column.label)));
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), body);

  function sortBy(column) {
    state.descending = column === state.sort ? !state.descending : !column.ascendingFirst;
    state.sort = column;
    state.page = 0;
    sort();
    draw();
  }

  function sort() {
    places = ordered(data.values.length, state.sort.read, state.descending);
    heads.forEach((head, i) => {
      if (columns[i] === state.sort) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  function draw() {
    const first = state.page * state.size;
    const visible = places.slice(first, first + state.size);
    body.replaceChildren(...visible.map((i) => element("tr", { class: i + 1 === data.best.run ? "best" : null },
      ...columns.map((column) => {
        const value = column.read(i);
        return element("td", { class: typeof value === "number" && value < 0 && column.name !== "max_drawdown" ? "negative" : null }, shown(column.name, value));
      }))));
    const pages = Math.ceil(places.length / state.size);
    const turn = (by) => () => { state.page += by; draw(); };
    const status = `${WHOLE.format(first + 1)}–${WHOLE.format(first + visible.length)} of ${WHOLE.format(places.length)}`;
    const focused = document.activeElement?.dataset?.turn;
    document.getElementById("pager").replaceChildren(
      element("span", { role: "status" }, status),
      element("button", { type: "button", "data-turn": "back", disabled: state.page === 0, onclick: turn(-1) }, "Previous"),
      element("button", { type: "button", "data-turn": "on", disabled: state.page >= pages - 1, onclick: turn(1) }, "Next"),
      choice("", PAGE_SIZES.map((size) => [String(size), `${size} a page`]), String(state.size), (size) => { state.size = +size; state.page = 0; draw(); }),
    );
    document.querySelector("#pager select").setAttribute("aria-label", "Runs a page");
    if (focused) document.querySelector(`#pager [data-turn="${focused}"]`).focus();
  }

  sort();
  draw();
}
