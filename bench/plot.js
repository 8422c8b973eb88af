// Plots over time in one SVG, readable on light and dark pages.
const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [640, 120, 48, 40, 56];
const COLOURS = ['#2f81f7', '#d9822b'];

/** `plots`: `{title, lines: {name: [[minute, value], …]}}`. */
export function drawPlots(heading, plots) {
  const height = TOP + plots.length * (HEIGHT + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + LEFT + 24} ${height}" font-family="sans-serif" font-size="12" fill="#808080">
<text x="${LEFT}" y="16" font-size="14">${heading}</text>
${plots.map((plot, index) => drawPlot(plot, TOP + index * (HEIGHT + GAP))).join('\n')}
</svg>
`;
}

function drawPlot({ title, lines }, top) {
  const points = Object.values(lines).flat();
  const last = Math.max(...points.map(([x]) => x));
  const axisEnd = roundUp(Math.max(...points.map(([, y]) => y)));
  const x = (minute) => (LEFT + (minute / last) * WIDTH).toFixed(1);
  const y = (value) => (top + 12 + HEIGHT * (1 - value / axisEnd)).toFixed(1);
  const grid = [0, axisEnd / 2, axisEnd].map(
    (value) =>
      `<path d="M${LEFT} ${y(value)}h${WIDTH}" stroke="#808080" stroke-opacity=".3"/>` +
      `<text x="${LEFT - 6}" y="${Number(y(value)) + 4}" text-anchor="end">${Number(value.toPrecision(3))}</text>`,
  );
  const polylines = Object.entries(lines).map(
    ([name, line], i) =>
      `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="1.5" points="${line.map(([minute, value]) => `${x(minute)},${y(value)}`).join(' ')}"/>` +
      (Object.keys(lines).length > 1
        ? `<text x="${LEFT + WIDTH - 150 * i}" y="${top + 4}" text-anchor="end" fill="${COLOURS[i]}">${name}</text>`
        : ''),
  );
  return `<text x="${LEFT}" y="${top + 4}">${title}</text>
${grid.join('')}
${polylines.join('\n')}
<text x="${LEFT + WIDTH}" y="${top + HEIGHT + 28}" text-anchor="end">minute ${last.toFixed(0)}</text>`;
}

/** Rounds up to a multiple of half the leading power of ten, such as 25 to 25 and 26 to 30. */
function roundUp(value) {
  const step = 10 ** Math.floor(Math.log10(value || 1));
  return Math.ceil((value / step) * 2) * (step / 2);
}
