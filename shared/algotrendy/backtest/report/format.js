const NONE = "–";
const LABELS = {
  run: "Run", symbol: "Symbol", final_equity: "Final equity", total_return: "Return", cagr: "CAGR",
  volatility: "Volatility", sharpe: "Sharpe", sortino: "Sortino", max_drawdown: "Max drawdown",
  drawdown_bars: "Bars under water", calmar: "Calmar", exposure: "Exposure", turnover: "Turnover",
  trades: "Trades", win_rate: "Win rate", profit_factor: "Profit factor", fees: "Fees",
  orders_cut: "Orders cut", orders_unfilled: "Orders unfilled",
};
const PERCENT = new Set(["total_return", "cagr", "volatility", "max_drawdown", "exposure", "win_rate"]);
const MONEY = new Set(["final_equity", "fees"]);

const fixed = (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const [WHOLE, TWO, ONE_PERCENT] = [fixed(0), fixed(2), new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 })];
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

const labelOf = (name) => LABELS[name] ?? name;

function shown(name, value) {
  if (value === null || value === undefined) return NONE;
  if (typeof value === "string") return value;
  let text;
  if (PERCENT.has(name)) text = ONE_PERCENT.format(value);
  else if (MONEY.has(name)) text = WHOLE.format(value);
  else if (!(name in LABELS)) text = String(value);
  else if (Number.isInteger(value) && !["sharpe", "sortino", "calmar", "turnover", "profit_factor"].includes(name)) text = WHOLE.format(value);
  else text = TWO.format(value);
  return text.replace("-", "−");
}

/* Places of the parameters that the sweep varied. */
const varied = (data) => data.parameters.map((_, p) => p).filter((p) => new Set(data.combinations.map((values) => values[p])).size > 1);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function choice(label, options, chosen, onchange) {
  const select = element("select", { onchange: () => onchange(select.value) });
  for (const [value, text] of options) select.append(element("option", { value, selected: value === chosen }, text));
  return element("label", {}, label, select);
}

const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
