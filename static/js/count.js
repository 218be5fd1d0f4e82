// How much of a text's room is used, said beside it: a textarea with data-count="6000".
function watch(field) {
  const said = document.createElement("p");
  said.className = "field-help numbers";
  field.after(said);
  const say = () => {
    said.textContent = `${field.value.length} / ${field.dataset.count}`;
  };
  field.addEventListener("input", say);
  say();
}

document.querySelectorAll("textarea[data-count]").forEach(watch);
