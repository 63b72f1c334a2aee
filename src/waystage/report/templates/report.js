// The report is complete without this script; it adds sorting, filtering and complete printing.
(() => {
  "use strict";

  const numberIn = (text) => {
    const number = Number(text.replace("−", "-").replace("<", "").split(/\s/)[0]);
    return text === "" || Number.isNaN(number) ? null : number;
  };

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const isDifference = document.getElementById("pick-difference")?.checked;
    const shown = cell.querySelector(isDifference ? ":scope > .d" : ":scope > .v, :scope > .value") ?? cell;
    const text = shown.textContent.trim();
    return numberIn(text) ?? text;
  };

  // Numbers before words such as "not known", which stay last whatever the direction.
  const compare = (a, b, sign) => {
    const kinds = [typeof a !== "number", typeof b !== "number"];
    if (kinds[0] !== kinds[1]) return kinds[0] - kinds[1];
    return sign * (kinds[0] ? String(a).localeCompare(String(b)) : a - b);
  };

  const sortBy = (table, header, column) => {
    const first = header.classList.contains("number") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = header.getAttribute("aria-sort") === first ? other : first;
    for (const heading of table.tHead.rows[0].cells) heading.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row) => [keyOf(row, column), row]);
    keyed.sort((a, b) => compare(a[0], b[0], sign));
    body.append(...keyed.map((entry) => entry[1]));
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header, column));
    });
  }

  const matches = (item, inputs) =>
    inputs.every((input) => {
      if (input.value === "") return true;
      if (input.dataset.key !== "words") return item.dataset[input.dataset.key] === input.value;
      const text = (item.dataset.words ?? item.textContent).toLowerCase();
      return input.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
    });

  for (const filters of document.querySelectorAll(".filters")) {
    filters.hidden = false;
    const inputs = Array.from(filters.querySelectorAll("input, select"));
    const target = document.getElementById(filters.dataset.for);
    const nMaps = target.querySelectorAll(".map").length || 1;
    const apply = () => {
      const items = target.querySelectorAll("[data-item]");
      let nShown = 0;
      for (const item of items) {
        item.hidden = !matches(item, inputs);
        nShown += !item.hidden;
      }
      const isFiltered = inputs.some((input) => input.value !== "");
      filters.querySelector("output").textContent = isFiltered
        ? `${nShown / nMaps} of ${items.length / nMaps} ${filters.dataset.noun}`
        : "";
      for (const group of target.querySelectorAll("details")) {
        group.hidden = !group.querySelector("[data-item]:not([hidden])");
      }
    };
    for (const input of inputs) input.addEventListener("input", apply);
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open], .flips)")) {
      details.open = true;
      opened.push(details);
    }
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });
})();
