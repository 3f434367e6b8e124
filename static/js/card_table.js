/* Tables of a card as rows to edit. The text area stays what is sent: one row a line, bars between. */
(function () {
  "use strict";

  function parsed(text, width) {
    return text.split("\n").filter((line) => line.trim()).map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
      while (cells.length < width) cells.push("");
      return cells;
    });
  }

  function written(rows) {
    return rows.map((cells) => {
      const kept = cells.map((cell) => cell.trim().replace(/\|/g, "\\|"));
      while (kept.length && !kept[kept.length - 1]) kept.pop();
      return kept.join(" | ");
    }).filter((line) => line.trim()).join("\n");
  }

  function element(name, attributes, text) {
    const made = document.createElement(name);
    Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
    if (text) made.textContent = text;
    return made;
  }

  function Grid(area) {
    const columns = JSON.parse(area.dataset.columns);
    const label = area.dataset.label;
    const box = element("div", { class: "rows", role: "group", "aria-label": label + ", rows" });
    const table = element("table", { class: "table rows-table" });
    const head = element("tr");
    columns.forEach((name) => head.append(element("th", { scope: "col" }, name)));
    head.append(element("td"));
    const body = element("tbody");
    const add = element("button", { class: "btn btn-sm", type: "button" }, "Add a row");
    const said = element("span", { class: "visually-hidden", role: "status" });
    const top = element("thead");
    top.append(head);
    table.append(top, body);
    box.append(table, add, said);
    area.hidden = true;
    area.after(box);

    const rows = () => Array.from(body.rows).map((row) => cells(row).map((input) => input.value));
    const cells = (row) => Array.from(row.querySelectorAll("input"));
    const fits = (text) => parsed(text, columns.length).every((row) => row.length === columns.length);

    function number() {
      Array.from(body.rows).forEach((row, at) => {
        cells(row).forEach((input, column) => input.setAttribute("aria-label", columns[column] + ", row " + (at + 1)));
        row.querySelector('[data-row="up"]').disabled = at === 0;
        row.querySelector('[data-row="down"]').disabled = at === body.rows.length - 1;
      });
    }

    function line(values) {
      const row = element("tr");
      columns.forEach((name, column) => {
        const cell = element("td", { "data-label": name });
        const input = element("input", { class: "form-control", autocomplete: "off" });
        input.value = values[column] || "";
        cell.append(input);
        row.append(cell);
      });
      const actions = element("td", { class: "row-buttons" });
      actions.append(document.getElementById("row-buttons").content.cloneNode(true));
      row.append(actions);
      return row;
    }

    function fill() {
      const found = parsed(area.value, columns.length);
      // More cells than columns: only as text can this be put right without losing any of it.
      area.hidden = fits(area.value);
      box.hidden = !area.hidden;
      body.replaceChildren(...(found.length ? found : [[]]).map(line));
      number();
    }

    function changed() {
      number();
      const text = written(rows());
      if (text === area.value) return;
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function added(after) {
      const row = line([]);
      if (after) after.after(row); else body.append(row);
      changed();
      cells(row)[0].focus();
      said.textContent = "Row added";
    }

    function removed(row) {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      if (!body.rows.length) body.append(line([]));
      changed();
      cells(next || body.rows[0])[0].focus();
      said.textContent = "Row removed";
    }

    function moved(row, step, focus) {
      const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (step < 0) other.before(row); else other.after(row);
      changed();
      focus.focus();
      if (document.activeElement !== focus) cells(row)[0].focus();
      said.textContent = "Moved to row " + (row.sectionRowIndex + 1);
    }

    add.addEventListener("click", () => added(null));
    body.addEventListener("input", changed);
    body.addEventListener("click", (event) => {
      const button = event.target.closest("[data-row]");
      if (!button) return;
      const row = button.closest("tr");
      if (button.dataset.row === "remove") removed(row);
      else moved(row, button.dataset.row === "up" ? -1 : 1, button);
    });
    body.addEventListener("keydown", (event) => {
      const row = event.target.closest("tr");
      if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        moved(row, event.key === "ArrowUp" ? -1 : 1, event.target);
      } else if (event.altKey && event.key === "Delete") {
        event.preventDefault();
        removed(row);
      } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input")) {
        event.preventDefault();
        if (row.nextElementSibling) cells(row.nextElementSibling)[event.target.closest("td").cellIndex].focus();
        else added(row);
      }
    });
    // Rows pasted from a spreadsheet become rows here.
    body.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text/plain");
      if (!/[\t\n]/.test(text.trim())) return;
      event.preventDefault();
      const first = event.target.closest("tr");
      const from = event.target.closest("td").cellIndex;
      let row = first;
      text.replace(/\r/g, "").trim().split("\n").forEach((pasted, at) => {
        if (at) { const next = row.nextElementSibling || line([]); if (!next.parentNode) row.after(next); row = next; }
        const inputs = cells(row);
        pasted.split("\t").forEach((value, column) => { if (inputs[from + column]) inputs[from + column].value = value.trim(); });
      });
      changed();
    });
    area.addEventListener("signet:filled", fill);
    area.addEventListener("signet:faults", (event) => {
      const texts = event.detail;
      const filled = Array.from(body.rows).filter((row) => cells(row).some((input) => input.value.trim()));
      filled.forEach((row, at) => cells(row).forEach((input, column) => {
        const wrong = texts.some((text) => text.startsWith("Row " + (at + 1) + ", " + columns[column] + ":"));
        input.toggleAttribute("aria-invalid", wrong);
        if (wrong) { input.setAttribute("aria-invalid", "true"); input.setAttribute("aria-describedby", area.id.replace("value-", "error-")); }
      }));
    });
    fill();
  }

  function start(part) {
    part.querySelectorAll("textarea[data-columns]").forEach((area) => {
      if (area.dataset.grid) return;
      area.dataset.grid = "1";
      Grid(area);
    });
    part.querySelectorAll("[data-unscripted]").forEach((hint) => { hint.hidden = true; });
  }

  document.addEventListener("signet:fieldset", (event) => start(event.target));
  start(document);
})();
