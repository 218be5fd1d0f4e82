// On a narrow screen the columns of a page become tabs; without this script the tabs are links to the columns.
const bar = document.querySelector("[data-tabs]");
const narrow = matchMedia("(max-width: 899px)");
const tabs = bar ? [...bar.querySelectorAll("a[href^='#']")] : [];
const panelOf = (tab) => document.getElementById(tab.hash.slice(1));

function show(chosen) {
  for (const tab of tabs) {
    const panel = panelOf(tab);
    if (tab === chosen) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
    panel.hidden = narrow.matches && tab !== chosen;
    panel.parentElement.classList.toggle("is-tabbed", narrow.matches);
  }
}

const chosen = () => tabs.find((tab) => tab.getAttribute("aria-current")) ?? tabs[0];

bar?.addEventListener("click", (event) => {
  const tab = event.target.closest("a[href^='#']");
  if (!tab) return;
  event.preventDefault();
  show(tab);
  if (narrow.matches) scrollTo(0, 0);
});

if (tabs.length) {
  narrow.addEventListener("change", () => show(chosen()));
  show(tabs.find((tab) => tab.hash === location.hash) ?? chosen());
}
