"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending";
      const key = (row) => {
        const cell = row.cells[column];
        const text = cell.dataset.v ?? cell.firstChild?.textContent.trim() ?? "";
        return text === "unknown" ? "" : text;
      };
      const number = (text) => Number(text.replace(/[,%<> ]/g, ""));
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        const [m, n] = [number(x), number(y)];
        if (x === "" || y === "") return (x === "") - (y === "");
        return (Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n) * (down ? 1 : -1);
      };
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "ascending" : "descending");
      body.append(...[...body.rows].sort(compare));
    });
  });
}
