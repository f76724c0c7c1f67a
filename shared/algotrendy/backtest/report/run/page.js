const data = JSON.parse(document.getElementById("data").textContent);
drawCurves(data);
drawReturns(data);
drawPrices(data);
drawTrades(data);
drawFan(data.fan, money);
const explain = document.getElementById("explain");
explain.addEventListener("change", () => document.getElementById("groups").classList.toggle("explained", explain.checked));
themeButton(redrawAll);
