"use strict";
// Tables: a heading's button sorts by its column, once down and once up.
const value = (row, column) => {
  const cell = row.cells[column];
  const given = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(given);
  return given !== "" && !Number.isNaN(number) ? number : given;
};
const compare = (a, b) => {
  const numbers = [typeof a === "number", typeof b === "number"];
  if (numbers[0] && numbers[1]) return a - b;
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a.localeCompare(b);
};
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      // Numbers start with the largest, names with A.
      const rows = [...table.tBodies[0].rows];
      const numeric = rows.some((row) => typeof value(row, column) === "number");
      const was = heading.getAttribute("aria-sort");
      const ascending = was === null ? !numeric : was === "descending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const sign = ascending ? 1 : -1;
      rows.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        // What has no number stands below, whatever the direction.
        return numeric && typeof x !== typeof y ? compare(x, y) : sign * compare(x, y);
      });
      table.tBodies[0].append(...rows);
    });
  });
}

// The chart: the chosen models and metric, a panel per data set.
const numbers = JSON.parse(document.getElementById("numbers").textContent);
const search = document.getElementById("search");
const metric = document.getElementById("metric");
const boxes = [...document.querySelectorAll("#choice input[name=entry]")];
const wanted = (title) => title.toLowerCase().includes(search.value.trim().toLowerCase());
const element = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, given] of Object.entries(attributes)) made.setAttribute(key, given);
  if (text !== undefined) made.textContent = text;
  return made;
};
const draw = () => {
  const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const entries = numbers.entries.filter((entry) => chosen.has(entry.name) && wanted(entry.title));
  const chart = document.getElementById("chart");
  const width = Math.max(320, chart.clientWidth);
  const names = numbers.datasets;
  const across = width < 640 ? 1 : Math.min(3, names.length);
  const left = 12 + 6.6 * Math.max(4, ...entries.map((entry) => entry.title.length));
  const each = (width - 10) / across;
  const high = 20 * entries.length + 62;
  const svg = element("svg", { viewBox: `0 0 ${width} ${high * Math.ceil(names.length / across)}` });
  svg.setAttribute("font-family", "system-ui, sans-serif");
  svg.setAttribute("font-size", 12);
  names.forEach(([name, heading], number) => {
    const x0 = (number % across) * each + left, y0 = Math.floor(number / across) * high + 24;
    const room = each - left - 16;
    svg.append(element("text", { x: x0, y: y0 - 8, "font-weight": 600 }, heading));
    const shown = entries.map((entry) => entry.values[name]?.[metric.value]);
    const ends = shown.flatMap((found) => (found ? found.filter((end) => end !== null) : []));
    if (!ends.length) return;
    const low = Math.min(...ends), span = Math.max(...ends) - low || 1;
    const at = (share) => x0 + 6 + ((share - low) / span) * (room - 12);
    const bottom = y0 + 20 * entries.length;
    const step = 10 ** Math.floor(Math.log10(span / 2));
    const nice = [1, 2, 5, 10].map((n) => n * step).find((n) => span / n <= 5) ?? 10 * step;
    for (let tick = Math.ceil(low / nice) * nice; tick <= low + span; tick += nice) {
      svg.append(element("line", { x1: at(tick), x2: at(tick), y1: y0, y2: bottom, stroke: "#ddd" }));
      svg.append(element("text", { x: at(tick), y: bottom + 15, "text-anchor": "middle" }, Number(tick.toPrecision(6))));
    }
    entries.forEach((entry, row) => {
      const y = y0 + 20 * row + 10;
      svg.append(element("text", { x: x0 - 6, y: y + 4, "text-anchor": "end" }, entry.title));
      const found = shown[row];
      if (!found) return;
      const [mean, from, to] = found;
      if (from !== null) svg.append(element("line", { x1: at(from), x2: at(to), y1: y, y2: y, stroke: entry.colour, "stroke-width": 2 }));
      const mark = element("circle", { cx: at(mean), cy: y, r: 4, fill: entry.colour });
      mark.append(element("title", {}, `${entry.title}: ${mean.toFixed(2)}`));
      svg.append(mark);
    });
  });
  chart.replaceChildren(svg);
  chart.setAttribute("aria-label", `${metric.selectedOptions[0].text} of ${entries.map((entry) => entry.title).join(", ")}`);
};
const tick = (checked) => { boxes.forEach((box) => { box.checked = checked; }); draw(); };
document.getElementById("choice").addEventListener("change", draw);
document.getElementById("all").addEventListener("click", () => tick(true));
document.getElementById("none").addEventListener("click", () => tick(false));
search.addEventListener("input", () => {
  for (const row of document.querySelectorAll("table.sortable tbody tr")) {
    row.hidden = !wanted(row.cells[0].textContent);
  }
  draw();
});
addEventListener("resize", draw);
// Without a script there is no chart.
document.getElementById("explore").hidden = numbers.entries.length < 2;
draw();
