const hyphenated = (name) => name.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "")
  .replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, 40).replace(/-$/, "");

// A short name follows the field it is made from until a person types one; emptied, it follows again.
document.querySelectorAll("[data-made-from]").forEach((slug) => {
  const source = slug.form.elements.namedItem(slug.dataset.madeFrom);
  let typed = slug.value !== "";
  slug.addEventListener("input", () => { typed = slug.value !== ""; });
  source.addEventListener("input", () => { if (!typed) slug.value = hyphenated(source.value); });
});
