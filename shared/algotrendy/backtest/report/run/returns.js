const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function drawMonths(place, months, years) {
  if (!months.length) {
    place.replaceChildren(element("p", { class: "readout" }, "The run has no return."));
    return;
  }
  const found = new Map(months.map(([year, month, made]) => [year * 12 + month, made]));
  const reach = Math.max(0.001, ...months.map(([, , made]) => Math.abs(made)));
  const { colour } = scaleOf([-reach, reach]);
  const cell = (made, name) => {
    if (made === undefined) return element("td", {});
    const drawn = element("td", { class: name, title: percent(made) }, percent(made));
    if (name === "total") return drawn;
    const rgb = colour(made);
    drawn.style.background = `rgb(${rgb.join(" ")})`;
    drawn.style.color = inkOn(rgb);
    return drawn;
  };
  const head = element("tr", {}, element("th", {}), ...[...MONTHS, "Year"].map((name) => element("th", { scope: "col" }, name)));
  const rows = years.map(([year, made]) => element("tr", {}, element("th", { scope: "row" }, String(year)),
    ...MONTHS.map((_, m) => cell(found.get(year * 12 + m + 1), "")), cell(made, "total")));
  place.replaceChildren(element("table", { class: "months" }, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function drawReturns(data) {
  const months = document.getElementById("months");
  const colourMonths = () => drawMonths(months, data.months, data.years);
  DRAWN.set("months", colourMonths);
  colourMonths();
  const { names, years, histogram } = data;
  if (years.length) {
    const hasOther = years.some(([, , other]) => other !== null);
    keepDrawn("years", (place, width) => {
      drawBars(place, width, {
        labels: years.map(([year]) => String(year)),
        groups: years.map(([, own, other]) => hasOther ? [own, other] : [own]),
        colours: ["", "other"], format: percent,
        say: (i) => `${years[i][0]}: ${names.run} ${percent(years[i][1])}${hasOther ? `, ${names.benchmark} ${percent(years[i][2])}` : ""}`,
      });
      place.prepend(element("div", { class: "key" }, element("span", {}, names.run), ...(hasOther ? [element("span", { class: "benchmark" }, names.benchmark)] : [])));
    });
  }
  if (!histogram) {
    document.getElementById("histogram-block").remove();
    return;
  }
  const unit = histogram.unit === "day" ? "days" : "bars";
  const left = histogram.flat ? `, without ${WHOLE.format(histogram.flat)} ${unit} of no change` : "";
  document.getElementById("histogram-title").textContent = `Distribution of the returns of ${unit}${left}; the ends gather what lies beyond`;
  const edge = (i) => histogram.low + i * histogram.width;
  const fine = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 2 });
  keepDrawn("histogram", (place, width) => drawBars(place, width, {
    labels: histogram.counts.map((_, i) => minus(fine.format(edge(i + 0.5)))), between: 64,
    groups: histogram.counts.map((count) => [count]), colours: [""], format: (v) => WHOLE.format(v),
    say: (i) => `${minus(fine.format(edge(i)))} to ${minus(fine.format(edge(i + 1)))}: ${WHOLE.format(histogram.counts[i])} ${unit}`,
  }));
}
