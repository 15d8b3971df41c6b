"use strict";
const body = document.querySelector("tbody");
const rows = [...body.rows];
const bar = document.querySelector(".filters");
const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
const search = bar.querySelector("input[type=search]");
const output = bar.querySelector("output");
const reasons = [...document.querySelectorAll(".reasons button")];
const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
const codes = new Map(rows.map((row) => [row, new Set(row.dataset.codes.split(" "))]));
const apply = () => {
  const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const pressed = reasons.filter((button) => button.ariaPressed === "true").map((button) => button.dataset.code);
  let shown = 0;
  for (const row of rows) {
    const fits = wanted.has(row.dataset.outcome) && words.every((word) => texts.get(row).includes(word))
      && pressed.every((code) => codes.get(row).has(code));
    row.hidden = !fits;
    if (fits) shown += 1;
  }
  output.textContent = shown + " of " + rows.length + " shown";
};
for (const button of reasons) {
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    apply();
  });
}
const collator = new Intl.Collator(undefined, { numeric: true });
const heads = [...document.querySelectorAll("thead th")];
const order = bar.querySelector("select");
const sort = (column, direction) => {
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].ariaSort = direction === 1 ? "ascending" : "descending";
  order.value = column + " " + direction;
  const text = (row) => row.cells[column].textContent;
  const key = (row) => row.cells[column].dataset.key;
  rows.sort((a, b) => direction * (key(a) ? key(a) - key(b) : collator.compare(text(a), text(b))));
  body.append(...rows);
};
heads.forEach((head, column) => {
  const name = head.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  head.replaceChildren(button);
  button.addEventListener("click", () => sort(column, head.ariaSort === "ascending" ? -1 : 1));
  order.add(new Option(name, column + " 1"));
  order.add(new Option(name + ", reversed", column + " -1"));
});
order.addEventListener("change", () => sort(...order.value.split(" ").map(Number)));
order.value = "0 1";
heads[0].ariaSort = "ascending";
bar.hidden = false;
bar.addEventListener("input", apply);
apply();
