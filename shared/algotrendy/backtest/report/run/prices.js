const CANDLE_ROOM = 5;

/* Put neighbouring candles together until each has room on the screen. */
function grouped(asset, from, to, each) {
  const found = [];
  for (let i = from - (from % each); i <= to; i += each) {
    const last = Math.min(i + each, asset.close.length) - 1;
    let [high, low] = [-Infinity, Infinity];
    for (let k = i; k <= last; k += 1) {
      if (asset.high[k] > high) high = asset.high[k];
      if (asset.low[k] < low) low = asset.low[k];
    }
    found.push({ first: i, last, open: asset.open[i], high, low, close: asset.close[last] });
  }
  return found;
}

function drawPrices(data) {
  const at = moment(data.daily);
  const readout = document.getElementById("prices-readout");
  const hint = document.getElementById("prices-hint");
  const more = hint.textContent;
  const state = { asset: data.assets[0] };
  if (!state.asset) {
    document.getElementById("prices-section").remove();
    return;
  }

  function candles(u) {
    const { asset } = state;
    const last = asset.close.length - 1;
    const from = Math.max(0, Math.floor(u.scales.x.min));
    const to = Math.min(last, Math.ceil(u.scales.x.max));
    const each = Math.max(1, Math.ceil((to - from + 1) / (u.bbox.width / devicePixelRatio / CANDLE_ROOM)));
    const x = (i) => u.valToPos(i, "x", true);
    const y = (v) => u.valToPos(v, "y", true);
    const body = Math.max(1, (x(each) - x(0)) * 0.7);
    const colours = { up: cssColour("--accent"), down: cssColour("--other") };
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    for (const candle of grouped(asset, from, to, each)) {
      const middle = x((candle.first + candle.last) / 2);
      ctx.fillStyle = candle.close >= candle.open ? colours.up : colours.down;
      const thin = Math.max(1, devicePixelRatio * 0.8);
      ctx.fillRect(middle - thin / 2, y(candle.high), thin, y(candle.low) - y(candle.high));
      const [top, bottom] = [y(Math.max(candle.open, candle.close)), y(Math.min(candle.open, candle.close))];
      ctx.fillRect(middle - body / 2, top, body, Math.max(1, bottom - top));
    }
    const marks = asset.marks.filter(([i]) => i >= from && i <= to);
    // Smaller where they stand close, so that prices can be seen between them.
    const size = Math.max(2.5, Math.min(5, (u.bbox.width / devicePixelRatio / marks.length) * 0.6)) * devicePixelRatio;
    for (const [i, side, , , mean] of marks) {
      const [middle, tip, way] = [x(i), y(mean), side > 0 ? 1 : -1];
      ctx.beginPath();
      ctx.moveTo(middle, tip);
      ctx.lineTo(middle - size, tip + way * size * 1.8);
      ctx.lineTo(middle + size, tip + way * size * 1.8);
      ctx.closePath();
      ctx.fillStyle = cssColour(side > 0 ? "--buy" : "--sell");
      ctx.strokeStyle = cssColour("--panel");
      ctx.lineWidth = devicePixelRatio;
      ctx.fill();
      if (size >= 4 * devicePixelRatio) ctx.stroke();
    }
    ctx.restore();
  }

  function tell(u) {
    const { asset } = state;
    const i = u.cursor.idx;
    if (i === null || i === undefined) {
      readout.textContent = "Point at the chart to read prices and fills.";
      return;
    }
    const bar = `${at(asset.seconds[i])}: open ${price(asset.open[i])}, high ${price(asset.high[i])}, low ${price(asset.low[i])}, close ${price(asset.close[i])}`;
    const done = asset.marks.filter(([place]) => place === i).map(([, side, fills, units, mean, fees]) =>
      `${side > 0 ? "bought" : "sold"} ${PRICE.format(units)} at ${price(mean)}${fills > 1 ? ` in ${fills} fills` : ""}, fee ${price(fees)}`);
    readout.textContent = [bar, ...done].join(" · ");
  }

  function ranged(u, low, high) {
    const { asset } = state;
    const from = Math.max(0, Math.floor(u.scales.x.min ?? 0));
    const to = Math.min(asset.close.length - 1, Math.ceil(u.scales.x.max ?? asset.close.length));
    let [least, most] = [Infinity, -Infinity];
    for (let i = from; i <= to; i += 1) {
      least = Math.min(least, asset.low[i]);
      most = Math.max(most, asset.high[i]);
    }
    if (!(most >= least)) return [low, high];
    const room = (most - least || most) * 0.08;
    return [least - room, most + room];
  }

  const draw = keepDrawn("prices", (place, width) => {
    const { asset } = state;
    const x = {
      label: "Bar", write: (i) => at(asset.seconds[i]), space: 90,
      ticks: (_, ticks) => ticks.map((i) => Number.isInteger(i) && asset.seconds[i] !== undefined ? at(asset.seconds[i]).slice(0, 10) : ""),
      range: (_, low, high) => low === high ? [low - 1, high + 1] : [low, high],
    };
    const series = [lineOf("Close", "--accent", price, { stroke: "transparent" })];
    const plot = new uPlot(plotOptions(width, 380, x, price, series, { legend: false, y: { range: ranged }, hooks: { draw: [candles], setCursor: [tell] } }),
      [asset.close.map((_, i) => i), asset.close], place);
    hint.textContent = `In ${asset.currency}. ${asset.each > 1 ? `A candle here is at least ${asset.each} bars. ` : ""}Candles are put together where they have no room: drag to look closer.${more}`;
    return plot;
  });
  if (data.assets.length > 1) {
    const options = data.assets.map((asset, i) => [String(i), asset.symbol]);
    document.getElementById("asset-choice").replaceChildren(choice("Asset", options, "0", (i) => { state.asset = data.assets[+i]; draw(); }));
  }
}
