// Tables of the class "sortable": a click on a head sorts by its column, a second one the other way round.
// Without this script they are plain tables. A cell may say what it sorts by in data-by.
"use strict";

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];

  const key = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.by ?? cell.textContent.trim();
    const number = Number(text.replace("−", "-").replace("∞", "Infinity"));
    return text === "" || Number.isNaN(number) ? text.toLowerCase() : number;
  };

  // Numbers before words, and what there is none of ("–") last, either way round.
  const compare = (a, b, way) => {
    const none = (a === "–") - (b === "–");
    if (none || a === b) return none;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return (a < b ? -1 : 1) * way;
  };

  const sort = (column) => {
    const way = heads[column].getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => compare(a, b, way));
    body.append(...rows.map(([, row]) => row));
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
}
