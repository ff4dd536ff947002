// Buttons over the table of wrong numbers: one kind, or what is MXNet's alone. Without a script the table is whole.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("#wrong-numbers table");
  const rows = [...table.tBodies[0].rows];
  const text = (row, place) => row.cells[place].textContent.trim();
  const kinds = [...new Set(rows.map((row) => text(row, 0)))];
  const choices = [["all", () => true], ["MXNet alone", (row) => text(row, 3) === "right"]];
  for (const kind of kinds) choices.push([kind, (row) => text(row, 0) === kind]);
  const group = document.createElement("div");
  group.className = "choices";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Rows of the table");
  const buttons = choices.map(([name, shown]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${name} (${rows.filter(shown).length})`;
    button.addEventListener("click", () => {
      for (const row of rows) row.hidden = !shown(row);
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
    });
    button.setAttribute("aria-pressed", String(name === "all"));
    group.append(button);
    return button;
  });
  (table.closest(".pst-scrollable-table-container") || table).before(group);
});
