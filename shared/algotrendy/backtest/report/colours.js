const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function mixed(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return a.map((channel, i) => Math.round(channel + (b[i] - channel) * share));
}

function inkOn(rgb) {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  // Black or white, whichever contrasts more (WCAG 2).
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

/* Below the middle towards one colour, above it towards the other; zero is the middle where it is inside. */
function scaleOf(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const crosses = low < 0 && high > 0;
  const middle = crosses ? 0 : (low + high) / 2;
  const reach = crosses ? Math.max(-low, high) : (high - low) / 2 || 1;
  const colours = ["--low", "--mid", "--high"].map(cssColour);
  const colour = (value) => value < middle
    ? mixed(colours[1], colours[0], Math.min(1, (middle - value) / reach))
    : mixed(colours[1], colours[2], Math.min(1, (value - middle) / reach));
  return { low, high, colour };
}

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
