"use strict";
(() => {
  const byId = (name) => document.getElementById(name);
  const words = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = (form) => {
    const boxes = Array.from(form.querySelectorAll("input[type=checkbox]"));
    return new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  };

  // Show what fits, count it, and do so again whenever something is said in the form.
  const wire = (form, rows, told, fits, after) => {
    const filter = () => {
      const fit = fits();
      let number = 0;
      for (const one of rows) {
        const shown = fit(one);
        one.row.hidden = !shown;
        number += shown;
      }
      told.textContent = number + " of " + rows.length + " shown";
      after(number);
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  };

  const findings = (form) => {
    const told = JSON.parse(byId("told").textContent);
    const rows = Array.from(document.querySelectorAll(".finding"), (row, index) => ({
      row,
      sort: told[index].sort,
      rule: told[index].rule,
    }));
    const subjects = document.querySelectorAll(".subject");
    const rule = byId("rule");

    // What can be read of a finding, with whom it is about; gathered at the first search, for there may be thousands.
    const text = (one) => {
      one.text ??= (one.row.textContent + " " + one.row.closest(".subject").firstElementChild.textContent).toLowerCase();
      return one.text;
    };

    const fits = () => {
      const wanted = words(byId("search"));
      const sorts = chosen(form);
      return (one) =>
        sorts.has(one.sort) &&
        (!rule.value || one.rule === rule.value) &&
        wanted.every((word) => text(one).includes(word));
    };

    wire(form, rows, byId("shown"), fits, () => {
      for (const subject of subjects) subject.hidden = !subject.querySelector(".finding:not([hidden])");
      for (const none of document.querySelectorAll(".unmatched")) {
        none.hidden = Boolean(none.parentElement.querySelector(".finding:not([hidden])"));
      }
    });
  };

  const accounts = (form) => {
    const rows = Array.from(document.querySelectorAll(".accounts li"), (row) => ({ row, status: row.className }));
    const text = (one) => (one.text ??= one.row.textContent.toLowerCase());
    const fits = () => {
      const wanted = words(byId("wanted"));
      const statuses = chosen(form);
      return (one) => statuses.has(one.status) && wanted.every((word) => text(one).includes(word));
    };
    wire(form, rows, byId("there"), fits, (number) => {
      byId("nobody").hidden = number > 0;
    });
  };

  for (const [name, work] of [["filter", findings], ["find", accounts]]) {
    if (byId(name)) work(byId(name));
  }
})();
