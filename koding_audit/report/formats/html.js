"use strict";
(() => {
  const byId = (name) => document.getElementById(name);
  const words = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = (form) => {
    const boxes = Array.from(form.querySelectorAll("input[type=checkbox]"));
    return new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  };

  // Filter the rows now and whenever the form changes, and show how many match.
  const connect = (form, rows, status, matcher, after) => {
    const filter = () => {
      const matches = matcher();
      let number = 0;
      for (const one of rows) {
        const shown = matches(one);
        one.row.hidden = !shown;
        number += shown;
      }
      status.textContent = number + " of " + rows.length + " shown";
      after(number);
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  };

  const findings = (form) => {
    const data = JSON.parse(byId("filter-data").textContent);
    const rows = Array.from(document.querySelectorAll(".finding"), (row, index) => ({
      row,
      sort: data[index].sort,
      rule: data[index].rule,
    }));
    const subjects = document.querySelectorAll(".subject");
    const rule = byId("rule");

    // The text of a finding and its subject; computed at the first search, because there can be thousands.
    const text = (one) => {
      one.text ??= (one.row.textContent + " " + one.row.closest(".subject").firstElementChild.textContent).toLowerCase();
      return one.text;
    };

    const matcher = () => {
      const terms = words(byId("search"));
      const sorts = chosen(form);
      return (one) =>
        sorts.has(one.sort) &&
        (!rule.value || one.rule === rule.value) &&
        terms.every((word) => text(one).includes(word));
    };

    connect(form, rows, byId("shown"), matcher, () => {
      for (const subject of subjects) subject.hidden = !subject.querySelector(".finding:not([hidden])");
      for (const none of document.querySelectorAll(".unmatched")) {
        none.hidden = Boolean(none.parentElement.querySelector(".finding:not([hidden])"));
      }
    });
  };

  const accounts = (form) => {
    const rows = Array.from(document.querySelectorAll(".accounts li"), (row) => ({ row, status: row.className }));
    const text = (one) => (one.text ??= one.row.textContent.toLowerCase());
    const matcher = () => {
      const terms = words(byId("account-search"));
      const statuses = chosen(form);
      return (one) => statuses.has(one.status) && terms.every((word) => text(one).includes(word));
    };
    connect(form, rows, byId("accounts-shown"), matcher, (number) => {
      byId("no-account").hidden = number > 0;
    });
  };

  for (const [name, work] of [["filter", findings], ["find", accounts]]) {
    if (byId(name)) work(byId(name));
  }
})();
