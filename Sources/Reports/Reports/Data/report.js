"use strict";
for (const bar of document.querySelectorAll("[data-filters]")) {
  const rows = [...document.querySelectorAll('[data-row="' + bar.dataset.filters + '"]')];
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const search = bar.querySelector("input[type=search]");
  const output = bar.querySelector("output");
  const apply = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = wanted.has(row.dataset.severity || row.dataset.status) && words.every((word) => text.includes(word));
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    output.textContent = shown + " of " + rows.length + " shown";
  };
  bar.hidden = false;
  bar.addEventListener("input", apply);
  apply();
}
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
};
for (const block of document.querySelectorAll(".copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    button.textContent = (await copy((block.querySelector(".copied") ?? block.querySelector("pre")).textContent)) ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const part of closed) part.open = true;
});
addEventListener("afterprint", () => { for (const part of closed) part.open = false; });
