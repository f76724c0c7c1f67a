function themeButton(redraw) {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const say = () => { button.textContent = isDark() ? "Light colours" : "Dark colours"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    say();
    redraw();
  });
  system.addEventListener("change", () => { say(); redraw(); });
  say();
}

const data = JSON.parse(document.getElementById("data").textContent);
const redraws = [drawCharts(data), drawMap(data)];
drawSpread(data);
drawTable(data);
themeButton(() => redraws.forEach((redraw) => redraw()));
