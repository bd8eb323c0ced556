// Light or dark: as chosen here before, else as the system prefers. Runs before the first paint; Radzen's sheets come
// without holding it up.
(function () {
  'use strict';
  var me = document.currentScript, root = document.documentElement, key = 'backlinks-theme';
  var system = matchMedia('(prefers-color-scheme: dark)');
  function chosen() {
    try { return localStorage.getItem(key); } catch (e) { return null; }
  }
  function apply() {
    var theme = chosen() || (system.matches ? 'dark' : 'light');
    root.dataset.theme = theme;
    var old = document.querySelectorAll('link[data-radzen]');
    if (old.length && old[0].dataset.radzen === theme) return;
    var left = 0;
    me.dataset[theme].split(' ').forEach(function (href) {
      var link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = href;
      link.dataset.radzen = theme;
      left++;
      link.onload = link.onerror = function () {
        if (--left === 0) old.forEach(function (o) { o.remove(); });
      };
      me.parentNode.insertBefore(link, me);
    });
  }
  apply();
  system.addEventListener('change', apply);
  addEventListener('storage', function (e) { if (e.key === key) apply(); });
  document.addEventListener('click', function (e) {
    if (!(e.target instanceof Element) || !e.target.closest('[data-theme-switch]')) return;
    try { localStorage.setItem(key, root.dataset.theme === 'dark' ? 'light' : 'dark'); } catch (x) { /* not remembered then */ }
    apply();
  });
})();
