const TRADE_PAGES = [25, 100, 500];

function tradeColumns(data) {
  const { trades } = data;
  const at = moment(data.daily);
  const column = (name, label, write, read = (i) => trades[name][i]) => ({ name, label, write, read });
  const columns = [
    column("number", "#", (v) => WHOLE.format(v), (i) => i + 1),
    column("asset", "Asset", String),
    column("side", "Side", String, (i) => trades.units[i] < 0 ? "short" : "long"),
    column("entry", "Entry", at),
    column("exit", "Exit", at),
    column("bars", "Bars", (v) => WHOLE.format(v)),
    column("units", "Units", price, (i) => Math.abs(trades.units[i])),
    column("entryPrice", "Entry price", price),
    column("exitPrice", "Exit price", price),
    column("profit", "Profit", (v) => minus(TWO.format(v))),
    column("return", "Return", percent),
    column("adverse", "MAE", percent),
    column("favourable", "MFE", percent),
    column("fees", "Fees", (v) => TWO.format(v)),
    column("open", "State", (v) => v ? "open" : "closed"),
  ];
  return data.assets.length > 1 ? columns : columns.filter(({ name }) => name !== "asset");
}

function drawTrades(data) {
  const { trades } = data;
  const count = trades.profit.length;
  const table = document.getElementById("table");
  if (!count) {
    table.replaceWith(element("p", {}, "There is no trade."));
    document.getElementById("scatter-block").remove();
    return;
  }
  const columns = tradeColumns(data);
  const state = { sort: columns[0], descending: false, page: 0, size: TRADE_PAGES[0] };
  let places = [];
  const body = element("tbody");
  const heads = columns.map((column) => element("th", { scope: "col" }, element("button", { type: "button", onclick: () => sortBy(column) }, column.label)));
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), body);

  function sortBy(column) {
    state.descending = column === state.sort ? !state.descending : typeof column.read(0) === "number" && column.name !== "number";
    state.sort = column;
    state.page = 0;
    sort();
    draw();
  }

  function sort() {
    places = ordered(count, state.sort.read, state.descending);
    heads.forEach((head, i) => {
      if (columns[i] === state.sort) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  function draw() {
    const first = state.page * state.size;
    const visible = places.slice(first, first + state.size);
    body.replaceChildren(...visible.map((i) => element("tr", {}, ...columns.map((column) => {
      const value = column.read(i);
      const loses = (column.name === "profit" || column.name === "return") && value < 0;
      return element("td", { class: loses ? "negative" : null }, column.write(value));
    }))));
    const turn = (by) => () => { state.page += by; draw(); };
    const focused = document.activeElement?.dataset?.turn;
    document.getElementById("pager").replaceChildren(
      element("span", { role: "status" }, `${WHOLE.format(first + 1)}–${WHOLE.format(first + visible.length)} of ${WHOLE.format(count)}`),
      element("button", { type: "button", "data-turn": "back", disabled: state.page === 0, onclick: turn(-1) }, "Previous"),
      element("button", { type: "button", "data-turn": "on", disabled: first + state.size >= count, onclick: turn(1) }, "Next"),
      choice("", TRADE_PAGES.map((size) => [String(size), `${size} a page`]), String(state.size), (size) => { state.size = +size; state.page = 0; draw(); }),
    );
    document.querySelector("#pager select").setAttribute("aria-label", "Trades a page");
    if (focused) document.querySelector(`#pager [data-turn="${focused}"]`).focus();
  }

  sort();
  draw();
  drawScatter(data);
}

const ACROSS = {
  adverse: ["Adverse excursion (MAE)", percent], favourable: ["Favourable excursion (MFE)", percent], bars: ["Bars held", (v) => v === null || v === undefined ? NONE : WHOLE.format(v)],
};

function drawScatter(data) {
  const { trades } = data;
  const state = { across: "adverse" };
  const draw = keepDrawn("scatter", (place, width) => {
    const [label, format] = ACROSS[state.across];
    const across = trades[state.across];
    const order = ordered(across.length, (i) => across[i], false);
    const made = order.map((i) => trades.return[i]);
    const dots = (name, colour, keep) => [
      lineOf(name, colour, percent, { paths: () => null, points: { show: true, size: 5, width: 1, stroke: cssColour(colour), fill: cssColour(colour) } }),
      made.map((value) => keep(value) ? value : null),
    ];
    const [won, wins] = dots("Won", "--accent", (value) => value > 0);
    const [lost, losses] = dots("Lost", "--other", (value) => value <= 0);
    const x = { label, write: format, ticks: (_, ticks) => ticks.map(format), range: (_, low, high) => low === high ? [low - 0.01, high + 0.01] : [low - (high - low) * 0.03, high + (high - low) * 0.03] };
    return new uPlot(plotOptions(width, 260, x, percent, [won, lost]), [order.map((i) => across[i]), wins, losses], place);
  });
  const options = Object.entries(ACROSS).map(([name, [label]]) => [name, label]);
  document.getElementById("scatter-choice").replaceChildren(choice("Return of each trade over its", options, state.across, (name) => { state.across = name; draw(); }));
}
