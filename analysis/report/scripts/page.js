/* What the page does where scripts run: rows are filtered, what a link or the printer asks for is unfolded, and the
   list of contents says where one is. Without scripts all rows are there and everything can be unfolded by hand. */
"use strict";

for (const table of document.querySelectorAll("table.sortable")) {
  const rows = () => [...table.tBodies[0].rows];
  if (rows().length < 9) continue;
  const line = document.createElement("p");
  const field = document.createElement("input");
  const said = document.createElement("output");
  line.className = "filter";
  field.type = "search";
  field.placeholder = "words that a row must have";
  field.setAttribute("aria-label", "Filter the rows of this table");
  line.append(field, said);
  table.parentNode.before(line);
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let kept = 0;
    for (const row of rows()) {
      const cells = [...row.cells].map((cell) => cell.textContent.toLowerCase());
      row.hidden = !words.every((word) => cells.some((cell) => (/\d/.test(word) ? cell === word : cell.includes(word))));
      kept += !row.hidden;
    }
    said.textContent = `${kept} of ${rows().length} rows`;
  };
  field.addEventListener("input", filter);
  filter();
}

const unfold = () => {
  let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (const target = place; place; place = place.parentElement) {
    if (place.tagName === "DETAILS") place.open = true;
    if (place.parentElement === null) target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
unfold();

let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const each of folded) each.open = true;
});
addEventListener("afterprint", () => folded.forEach((each) => (each.open = false)));

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const here = () => {
  const passed = [...links.keys()].filter((id) => document.getElementById(id).getBoundingClientRect().top < 120);
  for (const [id, link] of links) {
    if (id === passed.at(-1)) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
addEventListener("scroll", here, { passive: true });
here();
