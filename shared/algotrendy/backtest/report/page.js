const data = JSON.parse(document.getElementById("data").textContent);
const redraws = [drawCharts(data), drawMap(data)];
drawSpread(data);
drawTable(data);
themeButton(() => redraws.forEach((redraw) => redraw()));
