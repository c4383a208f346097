"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const told = JSON.parse(document.getElementById("told").textContent);
  const rows = Array.from(document.querySelectorAll(".finding"), (row, index) => ({
    row,
    sort: told[index].sort,
    rule: told[index].rule,
  }));
  const subjects = document.querySelectorAll(".subject");
  const search = document.getElementById("search");
  const rule = document.getElementById("rule");
  const shown = document.getElementById("shown");
  const boxes = form.querySelectorAll("input[type=checkbox]");

  // What can be read of a finding, with whom it is about; gathered at the first search, for there may be thousands.
  const text = (one) => {
    one.text ??= (one.row.textContent + " " + one.row.closest(".subject").firstElementChild.textContent).toLowerCase();
    return one.text;
  };

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const sorts = new Set(Array.from(boxes).filter((box) => box.checked).map((box) => box.value));
    let number = 0;
    for (const one of rows) {
      const fits =
        sorts.has(one.sort) &&
        (!rule.value || one.rule === rule.value) &&
        words.every((word) => text(one).includes(word));
      one.row.hidden = !fits;
      number += fits;
    }
    for (const subject of subjects) subject.hidden = !subject.querySelector(".finding:not([hidden])");
    for (const none of document.querySelectorAll(".unmatched")) {
      none.hidden = Boolean(none.parentElement.querySelector(".finding:not([hidden])"));
    }
    shown.textContent = number + " of " + rows.length + " shown";
  };

  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
