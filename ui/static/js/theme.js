(() => {
  const root = document.documentElement;
  const cookie = () => document.cookie.match(/(?:^|; )agenthq_theme=(light|dark|system)/)?.[1];

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === (theme ?? "system")));
    }
  };

  const chosen = cookie();
  if (chosen) apply(chosen);
  document.addEventListener("DOMContentLoaded", () => apply(cookie() ?? root.dataset.theme));

  document.addEventListener("click", (event) => {
    const theme = event.target.closest?.("[data-set-theme]")?.dataset.setTheme;
    if (!theme) return;
    event.preventDefault();
    document.cookie = `agenthq_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    apply(theme);
  });
})();
