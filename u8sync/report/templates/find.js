(() => {
"use strict";
const language = document.documentElement.lang;
const collator = new Intl.Collator(language, {numeric: true});
const shown = (cell) => (cell ? cell.textContent : "").replace(/\s+/g, " ").trim();
const figure = (text) => {
  const found = text.replace(/,/g, "").match(/^[-+]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : null;
};
document.querySelectorAll("table[data-find]").forEach((table, number) => {
  const grouped = table.tBodies.length > 1;
  const units = grouped ? [...table.tBodies] : [...table.tBodies[0].rows];
  if (units.length < 2) return;
  const texts = units.map((unit) => unit.textContent.toLowerCase());
  const label = document.createElement("label");
  const box = document.createElement("input");
  const count = document.createElement("output");
  box.type = "search";
  box.autocomplete = "off";
  box.spellcheck = false;
  box.id = "find-" + number;
  label.htmlFor = box.id;
  label.textContent = table.dataset.find;
  count.setAttribute("aria-live", "polite");
  count.setAttribute("for", box.id);
  const bar = document.createElement("div");
  bar.className = "find";
  bar.append(label, box, count);
  table.closest(".scroll").before(bar);
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    units.forEach((unit, at) => {
      const fits = words.every((word) => texts[at].includes(word));
      unit.hidden = !fits;
      found += fits ? 1 : 0;
    });
    count.textContent = words.length ? table.dataset.found.replace("#", found).replace("#", units.length) : "";
  });
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const numbers = head.classList.contains("number");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = units.map((unit) => {
        const text = shown((grouped ? unit.rows[0] : unit).cells[column]);
        const missing = text === "" || text === "-";
        return {unit, key: missing ? null : numbers ? figure(text) : text};
      });
      keyed.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
        const order = numbers ? a.key - b.key : collator.compare(a.key, b.key);
        return down ? -order : order;
      });
      const whole = grouped ? table : table.tBodies[0];
      keyed.forEach(({unit}) => whole.append(unit));
    });
  });
});
const closed = [];
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("section > details:not([open])").forEach((one) => { closed.push(one); one.open = true; });
});
window.addEventListener("afterprint", () => { closed.splice(0).forEach((one) => { one.open = false; }); });
})();
